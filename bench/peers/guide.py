"""The stack guide's application as a reader of it would write it: one INCR per visit, on the port and key it names."""

import os

from flask import Flask
from redis import Redis

app = Flask(__name__)
redis = Redis(host="127.0.0.1", port=int(os.environ["REDIS_PORT"]))


@app.route("/")
def hello():
    return f"Hello World! I have been seen {redis.incr('hits')} times.\n"
