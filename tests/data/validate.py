"""Checks documents by the published schemas of their formats: validate.py SARIF-SCHEMA XSD FILE..."""

import json
import sys

import jsonschema
import xmlschema

sarif = jsonschema.Draft7Validator(json.load(open(sys.argv[1])))
junit = xmlschema.XMLSchema(sys.argv[2])
for path in sys.argv[3:]:
    if path.endswith(".xml"):
        faults = [str(fault) for fault in junit.iter_errors(path)]
    else:
        faults = [f"{list(it.absolute_path)}: {it.message}" for it in sarif.iter_errors(json.load(open(path)))]
    for fault in faults:
        print(f"{path}: {fault}")
