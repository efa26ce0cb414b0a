class HashKeys:
    hash = "__dj__hash"
