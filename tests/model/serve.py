#!/usr/bin/env python3
"""llama.cpp's own HTTP server, OpenAI-compatible, as xllamacpp packages it: serve.py MODEL PORT chat|embeddings.
Prints its address, and runs until it is killed."""
import sys
import threading

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.hostnames, params.port = ["127.0.0.1"], int(sys.argv[2])
params.n_parallel, params.n_ctx = 4, 4 * 2048
params.cpuparams.n_threads = 1
params.embedding = sys.argv[3] == "embeddings"
if params.embedding:
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
threading.Event().wait()
