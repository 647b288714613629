#!/usr/bin/env python3
"""Checks the ledgers in a copy of node.sqlite, by docs/formats.md alone; shares no code with JointCloud.

usage: verify_ledger.py FILE [--heads HEADS.json]
Prints {"ok", "ledgers": [{"collaboration", "entries", "head", "tail", "findings": [{"number", "what"}]}]};
exit code 0 when everything holds, 6 when something does not, 2 when it cannot be read.
"""
import hashlib, json, os, sqlite3, sys, urllib.parse
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DOMAIN = b"JointCloud statement v1\n"
ENTRY_KEYS = {"body", "collaboration", "configuration", "kind", "number", "previous", "term", "timeMilliseconds", "version"}

sha256 = lambda content: hashlib.sha256(content).hexdigest()
canonical = lambda value: json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

def parse(content, keys):
    value = json.loads(content.decode("utf-8"))
    if not isinstance(value, dict) or canonical(value) != content or set(value) - {"collaboration"} != keys - {"collaboration"}:
        raise ValueError("not canonical, or other members")
    if value["version"] != 1:
        raise ValueError("unknown version")
    return value

def statement(content):
    return parse(content, {"author", "body", "epoch", "network", "purpose", "version"})

def signed(key, content, signature):
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, DOMAIN + content)
        return True
    except (InvalidSignature, ValueError):
        return False

def certified(body, found):
    """The signing key of each (node, epoch) that a roster's certificates prove."""
    keys = {}
    for member in body.get("roster", {}).get("members", []):
        certificate = member["certificate"]
        content, inner = canonical(certificate["statement"]), certificate["statement"]["body"]
        author = certificate["statement"]["author"]
        if (certificate["statement"]["purpose"] == "epoch" and author == sha256(bytes.fromhex(inner["rootKey"]))
                and signed(inner["rootKey"], content, bytes.fromhex(certificate["signature"]))):
            keys[author, inner["epoch"]] = inner["signingKey"]
        else:
            found(1, "foundation")
    return keys

def check(db, collaboration, heads):
    findings, keys, coordinator = [], {}, None
    found = lambda number, what: findings.append({"number": number, "what": what})
    rows = db.execute("SELECT number, hash, kind, time_ms, bytes FROM entries WHERE collaboration = ? ORDER BY number",
                      (bytes.fromhex(collaboration),)).fetchall()
    for row in rows:
        if not 1 <= row[0] < 2**53:
            found(row[0], "misplaced")
    rows = [row for row in rows if 1 <= row[0] < 2**53]
    entries, last = {}, rows[-1][0] if rows else 0
    for before, after in zip([0] + [row[0] for row in rows], [row[0] for row in rows]):
        if after > before + 1:
            found(before + 1, "missing")
    for number, digest, kind, time, content in rows:
        try:
            entry = parse(content, ENTRY_KEYS)
        except (ValueError, KeyError):
            found(number, "unreadable")
            continue
        entry["hash"] = sha256(b"\x00" + content)
        entries[number] = entry
        if entry["number"] != number or entry["collaboration"] != collaboration:
            found(number, "misplaced")
            if number - 1 in entries and entries[number - 1]["number"] == entry["number"] == number - 1:
                found(number - 1, "contested")
        if (digest.hex(), kind, time) != (entry["hash"], entry["kind"], entry["timeMilliseconds"]):
            found(number, "column")
        if number == 1:
            body = entry["body"] if isinstance(entry["body"], dict) else {}
            charter, coordinator = body.get("charter", {}), body.get("coordinator")
            if sha256(canonical(charter)) != collaboration or charter.get("founder") != coordinator or entry["kind"] != "round.opened":
                found(1, "foundation")
                coordinator = None
            if entry["previous"] != collaboration:
                found(1, "link")
        if isinstance(entry["body"], dict) and "roster" in entry["body"]:
            keys.update(certified(entry["body"], found))
    covered, before = 0, collaboration
    proposals = db.execute("SELECT first, last, bytes, signature FROM proposals WHERE collaboration = ? ORDER BY first",
                           (bytes.fromhex(collaboration),)).fetchall()
    for first, end, content, signature in proposals:
        try:
            frame = statement(content)
            body = frame["body"]
        except (ValueError, KeyError):
            found(end, "proposal")
            continue
        key = keys.get((frame["author"], frame["epoch"]))
        if frame["author"] != coordinator or frame["purpose"] != "proposal" or frame["collaboration"] != collaboration:
            found(body["first"], "proposal")
        elif not key or not signed(key, content, signature):
            found(body["last"], "signature")
        elif body["last"] > last or body["first"] <= covered or body["last"] - body["first"] >= 256:
            found(body["first"], "proposal")
        else:
            if (first, end) != (body["first"], body["last"]):
                found(body["first"], "column")
            if body["first"] > covered + 1:
                found(covered + 1, "unproposed")
                before = None
            expected = body["head"]
            for number in range(body["last"], body["first"] - 1, -1):
                entry = entries.get(number)
                if entry is None or entry["number"] != number:
                    expected = None
                    continue
                if expected not in (None, entry["hash"]):
                    found(number, "changed")
                if (entry["term"], entry["configuration"]) != (body["term"], body["configuration"]):
                    found(number, "proposal")
                expected = entry["previous"]
            if None not in (expected, before) and expected != before:
                found(body["first"], "link")
            covered, before = body["last"], body["head"]
    if covered < last:
        found(covered + 1, "unproposed")
    return findings, keys, entries, last, anchored(heads, collaboration, keys, entries, last, found)

def anchored(heads, collaboration, keys, entries, last, found):
    proven = 0
    for head in heads:
        frame, body = head["statement"], head["statement"]["body"]
        number = body.get("last", body.get("number"))
        if frame.get("collaboration") != collaboration:
            continue
        key = keys.get((frame["author"], frame["epoch"]))
        if not key or not signed(key, canonical(frame), bytes.fromhex(head["signature"])):
            found(number, "signature")
        elif number > last:
            found(last + 1, "cut")
        elif entries.get(number, {}).get("hash") != body["head"]:
            found(number, "contradicted")
        else:
            proven = max(proven, number)
    return "proven" if last and proven == last else f"proven through {proven}" if proven else "unproven"

def main(arguments):
    path = arguments[0]
    heads = json.load(open(arguments[arguments.index("--heads") + 1]))["heads"] if "--heads" in arguments else []
    log = os.path.exists(path + "-wal") and os.path.getsize(path + "-wal") > 0
    mode = "mode=ro" if log else "mode=ro&immutable=1"
    db = sqlite3.connect(f"file:{urllib.parse.quote(os.path.abspath(path))}?{mode}", uri=True)
    ids = [row[0].hex() for row in db.execute(
        "SELECT collaboration FROM entries UNION SELECT collaboration FROM proposals ORDER BY 1")]
    ledgers = []
    for collaboration in ids:
        findings, _, entries, last, tail = check(db, collaboration, heads)
        ledgers.append({"collaboration": collaboration, "entries": len(entries), "tail": tail,
                        "head": entries.get(last, {}).get("hash", collaboration), "findings": findings})
    ok = all(not ledger["findings"] for ledger in ledgers)
    print(json.dumps({"ok": ok, "ledgers": ledgers}))
    return 0 if ok else 6

if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (OSError, IndexError, sqlite3.Error) as problem:
        print(f"verify_ledger.py: {problem}", file=sys.stderr)
        sys.exit(2)
