std = "luajit"
max_line_length = 110
files["tests"] = { std = "luajit+busted" }
