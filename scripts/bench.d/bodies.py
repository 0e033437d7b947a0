"""JSON bodies that are changed on their way: a 2 KiB object and a 1 MiB list, in which a member is renamed."""

import json
from pathlib import Path

from configurations import LARGE_BUFFERS, readable

HERE = Path(__file__).resolve().parent
# The new name is as long as the old one, so that lengths can be compared.
STEPS = "response: { json: [{ rename: { fullName: personal } }] }"
SCENARIOS = {"json2k": "/2k.json", "json1m": "/1m.json"}
# A route beside the plain one, and all that may be changed about its requests and responses.
SIBLING = """  - name: beside
    match: { path: /beside/** }
    upstream: origin
"""
CHANGES = """    request: { path: "/{rest}", headers: { set: { X-Tenant: "{header.X-Tenant | lower}" }, remove: [Cookie] }, json: [{ set: { seen: "{request_id}" } }] }
    response: { headers: { remove: [Server] }, json: [{ rename: { fullName: personal } }] }
"""


def person(number, texts):
    return {
        "id": number, "fullName": f"Person {number}", "email": f"person{number}@example.com", "active": number % 2 == 0, "note": None,
        "address": {"street": "Long Street", "zip": "12345", "city": "Town", "location": [52, 13]},
        "orders": [{"id": number * 100 + index, "total": 1999, "items": ["tea", "milk", "bread"]} for index in range(texts)],
    }


def write(folder):
    """Both bodies, compact as services send them."""
    def text(value):
        return json.dumps(value, separators=(",", ":"))
    people, length = [], 2
    while length < 2**20:
        people.append(text(person(len(people), 2)))
        length += len(people[-1]) + 1
    (folder / "1m.json").write_text("[" + ",".join(people) + "]")
    (folder / "2k.json").write_text(text(person(7, 34)))


def nginx():
    """What nginx needs besides the proxy; with buffers that take the body without files."""
    return {
        "lua": f"header_filter_by_lua_block {{ ngx.header.content_length = nil }} "
               f"body_filter_by_lua_file {readable((HERE / 'reshape.lua').read_text(), {})};",
        "buffers": LARGE_BUFFERS,
    }


def sluice(text):
    return text.rstrip() + f"\n    {STEPS}\n"


def beside(text, changes=False):
    return text.rstrip() + "\n" + SIBLING + (CHANGES if changes else "")
