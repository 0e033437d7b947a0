"""Validates an OpenAPI document, read from standard input, by openapi-spec-validator. Prints "valid", or "no validator".

usage: openapi_check.py [DIRECTORY OF PACKAGES]
"""

import json
import sys

sys.path[:0] = sys.argv[1:]
try:
    from openapi_spec_validator import validate
except ImportError:
    print("no validator")
    sys.exit()

validate(json.load(sys.stdin))
print("valid")
