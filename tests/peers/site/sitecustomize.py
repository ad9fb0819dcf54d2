"""Before a peer is imported: what it imports and does not use is stood in for (stubs.py)."""

import json
import os

import stubs

wanted = json.loads(os.environ.get("PEER_STUBS", "{}"))
stubs.bare(*wanted.get("bare", []))
stubs.stub(*wanted.get("stub", []))
