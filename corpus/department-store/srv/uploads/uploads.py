from flask import Flask, request

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 64 * 1024 * 1024


@app.route("/uploads/", methods=["GET", "POST"])
def uploads():
    request.get_data()
    return "served"
