"""Says of documents whether a schema takes them: verdicts.py SCHEMA DOCUMENTS, a JSON list of them; a line each, yes or no."""

import json
import sys

import jsonschema

schema = json.load(open(sys.argv[1]))
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
for document in json.load(open(sys.argv[2])):
    print("yes" if validator.is_valid(document) else "no")
