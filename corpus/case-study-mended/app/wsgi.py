"""The data service."""

from flask import Flask, jsonify

app = Flask(__name__)


@app.get("/data")
def data():
    return jsonify(rows=[])
