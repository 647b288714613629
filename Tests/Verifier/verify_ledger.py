#!/usr/bin/env python3
"""Checks the ledgers in a copy of node.sqlite, by docs/formats.md alone; shares no code with JointCloud.

usage: verify_ledger.py FILE [--heads HEADS.json]
Prints {"ok", "ledgers": [{"collaboration", "entries", "decided", "head", "tail", "findings": [{"number", "what"}]}]};
exit code 0 when everything holds, 6 when something does not, 2 when it cannot be read.
"""
import hashlib, json, os, re, sqlite3, sys, urllib.parse
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DOMAIN = b"JointCloud statement v1\n"
SCHEMA = 3
ENTRY = {"body", "collaboration", "configuration", "kind", "number", "previous", "term", "timeMilliseconds", "version"}
STATEMENT = {"author", "body", "collaboration", "epoch", "network", "purpose", "version"}
# The bodies of the statements that prove something about a ledger.
BODIES = {
    "proposal": {"configuration": str, "first": int, "head": str, "last": int, "term": int},
    "ack": {"configuration": str, "head": str, "number": int, "term": int},
    "confirm": {"configuration": str, "head": str, "number": int, "term": int},
    "vote": {"candidate": str, "configuration": str, "position": dict, "term": int},
}
MALFORMED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)

sha256 = lambda content: hashlib.sha256(content).hexdigest()
canonical = lambda value: json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
inside = lambda number: 1 <= number < 2**53


def require(condition, what):
    if not condition:
        raise ValueError(what)


def parse(content):
    value = json.loads(content.decode("utf-8"))
    require(isinstance(value, dict) and canonical(value) == content, "not canonical")
    return value


def shaped(value, shape, what):
    require(set(value) == set(shape), f"{what}: other members")
    for name, kind in shape.items():
        require(type(value[name]) is kind, f"{what}: {name}")
    return value


def statement(value, purpose=None):
    require(set(value) | {"collaboration"} == STATEMENT and value["version"] == 1, "no statement")
    if purpose:
        require(value["purpose"] == purpose, "another purpose")
        shaped(value["body"], BODIES[purpose], purpose)
    return value


def signed(key, content, signature):
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, DOMAIN + content)
        return True
    except (InvalidSignature, ValueError):
        return False


def certificate(value, purpose):
    """A certificate whose form is right; who signed and whether it counts is not looked at."""
    require(set(value) == {"body", "collaboration", "network", "purpose", "signatures"}, "no certificate")
    require(value["purpose"] == purpose, "another purpose")
    shaped(value["body"], BODIES[purpose], purpose)
    authors = [mark["author"] for mark in value["signatures"]]
    require(authors and authors == sorted(set(authors)), "signatures stand by author, each once")
    for mark in value["signatures"]:
        shaped(mark, {"author": str, "epoch": int, "signature": str}, "signature")
        require(re.fullmatch("[0-9a-f]{128}", mark["signature"]), "signature")
    return value


def statements(value):
    """What each author of a certificate signed: (author, epoch, bytes, signature)."""
    for mark in value["signatures"]:
        frame = {"author": mark["author"], "body": value["body"], "collaboration": value["collaboration"],
                 "epoch": mark["epoch"], "network": value["network"], "purpose": value["purpose"], "version": 1}
        yield mark["author"], mark["epoch"], canonical(frame), bytes.fromhex(mark["signature"])


def quorum(count):
    """Up to three voters a majority; from four on so many that two quorums share one who does not lie."""
    return (count + (count - 1) // 3) // 2 + 1 if count >= 4 else count // 2 + 1


def listing(voters):
    """The key epoch of each voter of a list."""
    listed = [shaped(voter, {"epoch": int, "node": str}, "voter") for voter in voters]
    names = [voter["node"] for voter in listed]
    require(1 <= len(names) <= 31 and names == sorted(set(names)), "voters")
    require(all(inside(voter["epoch"]) for voter in listed), "epochs")
    return {voter["node"]: voter["epoch"] for voter in listed}


def voters(configuration):
    """The lists of voters of which each needs a quorum: one, or two while voters change."""
    require(set(configuration) | {"next"} == {"next", "quorum", "voters"}, "no configuration")
    lists = [listing(configuration[name]) for name in ("voters", "next") if name in configuration]
    require(configuration["quorum"] == ("byzantine" if len(lists[0]) >= 4 else "majority"), "quorum rule")
    return lists


class Ledger:
    """One ledger of the file, checked as it is read: rows in order, each proposal after its last entry."""

    def __init__(self, collaboration, heads):
        self.collaboration, self.heads = collaboration, heads
        self.findings, self.entries, self.keys = [], {}, {}
        self.founder = self.network = self.configuration = self.voters = None
        # By hash: the lists of voters of every configuration that was in force, and what the joint one in force decides.
        self.configurations, self.joint, self.decided_under = {}, {}, None
        self.coordinators, self.term, self.newest = {}, 1, 0
        self.last = self.covered = self.decided = 0
        self.head, self.gap, self.decision = collaboration, None, None

    def found(self, number, what):
        self.findings.append({"number": number, "what": what})

    def read(self, db):
        key = (bytes.fromhex(self.collaboration),)
        for number, content in db.execute(
                "SELECT number, bytes FROM certificates WHERE collaboration = ? AND purpose = 'confirm'", key):
            self.take_decision(number, content)
        proposals = db.execute(
            "SELECT first, last, bytes, signature FROM proposals WHERE collaboration = ? ORDER BY first", key).fetchall()
        for row in db.execute(
                "SELECT number, hash, kind, time_ms, bytes FROM entries WHERE collaboration = ? ORDER BY number", key):
            while proposals and proposals[0][1] < row[0]:
                self.take_proposal(*proposals.pop(0))
            if inside(row[0]):
                self.take_entry(*row)
            else:
                self.found(row[0], "misplaced")
        for row in proposals:
            self.take_proposal(*row)
        self.end_gap()
        self.leave_unproposed(self.last)
        self.check_decision()
        tail = self.check_heads()
        return {"collaboration": self.collaboration, "entries": len(self.entries), "decided": self.decided,
                "tail": tail, "head": self.entries.get(self.last, {}).get("hash", self.collaboration),
                "findings": sorted(self.findings, key=lambda finding: finding["number"])}

    # Places at which nothing lies: one finding for a run of them.

    def miss(self, through):
        if through > self.last:
            self.gap = self.gap or self.last + 1
            self.last = through

    def end_gap(self):
        if self.gap:
            self.found(self.gap, "missing")
        self.gap = None

    # Entries.

    def take_entry(self, number, digest, kind, time, content):
        self.miss(number - 1)
        self.end_gap()
        self.last = number
        try:
            entry = parse(content)
            require(set(entry) == ENTRY and entry["version"] == 1 and inside(entry["number"])
                    and inside(entry["term"]) and len(content) <= 65536, "no entry")
        except MALFORMED:
            return self.found(number, "unreadable")
        entry["hash"] = sha256(b"\x00" + content)
        self.entries[number] = entry
        if entry["number"] != number:
            self.found(number, "misplaced")
            before = self.entries.get(number - 1, {})
            if before.get("number") == entry["number"] == number - 1:
                self.found(number - 1, "contested")
        if entry["collaboration"] != self.collaboration:
            self.found(number, "misplaced")
        if (digest.hex(), kind, time) != (entry["hash"], entry["kind"], entry["timeMilliseconds"]):
            self.found(number, "column")
        if number == 1:
            self.open(entry)
        self.take_keys(number, entry)
        if (entry["number"], entry["collaboration"]) == (number, self.collaboration):
            follows, self.newest = self.newest == number - 1, number
            self.check_term(number, entry, follows)
            self.check_voters(number, entry, follows)
        if self.decision and number == self.decision["body"]["number"]:
            self.decided_under = entry["configuration"]

    def open(self, entry):
        """Entry 1 says who may coordinate term 1 and who votes."""
        if entry["previous"] != self.collaboration:
            self.found(1, "link")
        try:
            body = entry["body"]
            charter, configuration = body["charter"], body["configuration"]
            require(entry["kind"] == "round.opened" and sha256(canonical(charter)) == self.collaboration
                    and charter["founder"] == body["coordinator"], "another ledger's")
            require(sha256(canonical(configuration)) == entry["configuration"], "another configuration's hash")
            require("next" not in configuration, "a round opens with one list of voters")
            self.voters = voters(configuration)
            self.configurations[entry["configuration"]] = configuration
            self.founder, self.network = body["coordinator"], charter.get("network")
            self.configuration, self.coordinators[1] = entry["configuration"], body["coordinator"]
        except MALFORMED:
            self.found(1, "foundation")

    def take_keys(self, number, entry):
        """The signing key of each (node, epoch) that the certificates of a roster, or of who joins, prove."""
        body = entry["body"]
        roster = body.get("roster") if isinstance(body, dict) else None
        members = roster.get("members") if isinstance(roster, dict) else None
        members = list(members) if isinstance(members, list) else []
        if entry["kind"] == "member.joined" and isinstance(body, dict) and "member" in body:
            members.append(body["member"])
        for member in members:
            try:
                frame = statement(member["certificate"]["statement"])
                keys, node = frame["body"], sha256(bytes.fromhex(frame["body"]["rootKey"]))
                require(frame["purpose"] == "epoch" and frame["epoch"] == 0 and keys["epoch"] >= 1
                        and frame["author"] == node == member.get("node", node), "another node's")
                require(signed(keys["rootKey"], canonical(frame), bytes.fromhex(member["certificate"]["signature"])),
                        "not by the root key")
                self.keys[node, keys["epoch"]] = keys["signingKey"]
            except MALFORMED:
                self.found(number, "foundation")

    # Terms and certificates.

    def check_voters(self, number, entry, follows):
        """Each entry stands under the voters that those before it name; new ones take over by proof only."""
        if number == 1 or self.voters is None:
            return
        before, hashes = self.configuration, self.joint
        if not follows and entry["configuration"] in self.configurations:
            before, hashes = entry["configuration"], hashes if entry["configuration"] == before else {}
        try:
            body, now, proof = entry["body"], before, None
            if entry["kind"] in ("voters.changing", "voters.changed"):
                joint, known = body["configuration"], self.configurations[before]
                voters(joint)
                if entry["kind"] == "voters.changing":
                    require("next" not in known and "next" in joint and joint["voters"] == known["voters"], "no step")
                else:
                    require("next" not in joint and joint["voters"] == known.get("next"), "no end of a step")
                    proof = certificate(body["decided"], "confirm")
                now = sha256(canonical(joint))
                self.configurations[now] = joint
            elif entry["kind"] == "member.left":
                require(isinstance(body["node"], str), "nobody left")
            elif entry["kind"] == "member.joined":
                require(isinstance(body["member"], dict), "nobody joined")
            self.configuration, self.voters = now, voters(self.configurations[now])
            self.joint = dict(hashes) if now == before else {}
            if "next" in self.configurations[now]:
                self.joint[number] = entry["hash"]
            require(entry["configuration"] == now, "under other voters")
            if proof:
                require(proof["body"]["configuration"] == before
                        and hashes.get(proof["body"]["number"]) == proof["body"]["head"], "proves no decision before it")
                self.prove(proof)
        except MALFORMED:
            self.found(number, "membership")

    def check_term(self, number, entry, follows):
        opens = entry["kind"] == "term.opened"
        if entry["term"] == self.term and not opens:
            return
        if entry["term"] <= self.term:
            return self.found(number, "election")
        self.term = entry["term"]
        # What opened the term may be what is missing or unreadable before it.
        if not follows and not opens:
            return
        try:
            require(opens, "a term begins with its opening")
            body = entry["body"]
            require(set(body) | {"grounds"} == {"cause", "coordinator", "election", "grounds"}, "another body")
            election = certificate(body["election"], "vote")
            vote = election["body"]
            position = shaped(vote["position"], {"head": str, "number": int, "term": int}, "position")
            require((vote["term"], vote["candidate"]) == (entry["term"], body["coordinator"]), "another's election")
            require((position["number"], position["head"]) == (number - 1, entry["previous"]), "another place")
            require(not follows or vote["configuration"] == self.configuration, "votes of other voters")
            self.prove(election)
            self.coordinators[entry["term"]] = body["coordinator"]
        except MALFORMED:
            self.found(number, "election")

    def prove(self, value):
        """Raises ValueError where a certificate proves nothing under the voters that it names."""
        require(self.voters is not None, "nobody knows the voters")
        require(value["collaboration"] == self.collaboration and self.network in (None, value["network"])
                and value["body"]["configuration"] in self.configurations, "of something else")
        lists = voters(self.configurations[value["body"]["configuration"]])
        authors = []
        for author, epoch, content, signature in statements(value):
            # Of the two lists of a change the first that names a voter says under which key it signs.
            known = next((one[author] for one in lists if author in one), None)
            require(known == epoch, "no vote, or under another key")
            key = self.keys.get((author, epoch))
            require(key and signed(key, content, signature), "the signature does not hold")
            authors.append(author)
        require(all(sum(author in one for author in authors) >= quorum(len(one)) for one in lists), "too few")

    def take_decision(self, number, content):
        try:
            value = certificate(parse(content), "confirm")
            require(value["collaboration"] == self.collaboration, "another collaboration's")
        except MALFORMED:
            return self.found(max(number, 1), "decision")
        self.decision = value
        if value["body"]["number"] != number:
            self.found(value["body"]["number"], "column")

    def check_decision(self):
        if self.decision is None or self.voters is None:
            return
        body = self.decision["body"]
        try:
            require(self.decided_under in (None, body["configuration"]), "of other voters than its entry")
            self.prove(self.decision)
            if self.entries.get(body["number"], {}).get("hash") == body["head"]:
                self.decided = body["number"]
        except MALFORMED:
            self.found(body["number"], "decision")

    # Proposals and links.

    def take_proposal(self, first, end, content, signature):
        try:
            frame = statement(parse(content))
        except MALFORMED:
            return self.found(end, "proposal")
        try:
            body = statement(frame, "proposal")["body"]
            require(body["term"] >= 1 and 1 <= body["first"] <= body["last"] < body["first"] + 256, "another range")
        except MALFORMED:
            return self.found(self.covered + 1, "proposal")
        if (first, end) != (body["first"], body["last"]):
            self.found(body["first"], "column")
        if self.voters is None:
            # Nobody can say who may sign, and the finding at entry 1 says so.
            self.miss(body["last"])
            return self.settle(body["last"], None)
        key = self.keys.get((frame["author"], frame["epoch"]))
        coordinator = self.coordinators.get(body["term"], frame["author"])
        if (frame["author"], frame.get("collaboration")) != (coordinator, self.collaboration):
            return self.found(body["first"], "proposal")
        if self.network not in (None, frame["network"]):
            return self.found(body["first"], "proposal")
        if not key or not signed(key, content, signature):
            return self.found(body["last"], "signature")
        self.miss(body["last"])
        if body["first"] != self.covered + 1:
            self.found(body["first"], "proposal")
            if body["first"] <= self.covered:
                return
            self.leave_unproposed(body["first"] - 1)
        for number in range(self.covered + 1, body["last"] + 1):
            entry = self.entries.get(number)
            if entry and (entry["term"], entry["configuration"]) != (body["term"], body["configuration"]):
                self.found(number, "proposal")
        self.settle(body["last"], body["head"])

    def leave_unproposed(self, through):
        if through > self.covered:
            self.found(self.covered + 1, "unproposed")
            self.settle(through, None)

    def settle(self, through, expected):
        """Follows the links backwards from the hash that a signature names, or from the last entry."""
        signed_head, by_changed, place = expected, False, through + 1
        for number in sorted((n for n in self.entries if self.covered < n <= through), reverse=True):
            entry = self.entries[number]
            expected = expected if number == place - 1 else None
            changed = expected not in (None, entry["hash"])
            if changed and entry["number"] == number:
                # The word of a changed entry accuses only itself.
                self.found(number + 1, "link") if by_changed else self.found(number, "changed")
            by_changed = changed and not by_changed
            expected, place = entry["previous"] if entry["number"] == number else None, number
        first = self.covered + 1
        if 1 < first == place and None not in (expected, self.head) and expected != self.head:
            self.found(first, "link")
        if through > self.covered:
            self.covered, self.head = through, signed_head or self.entries.get(through, {}).get("hash")

    # Signed heads.

    def check_heads(self):
        """Heads from outside prove the tail; those of the decision lie in the file, and only show a cut below it."""
        heads = [(*mark, self.decision["body"]["number"], self.decision["body"]["head"], False)
                 for mark in (statements(self.decision) if self.decision else [])]
        for head in self.heads:
            frame = head["statement"]
            if frame.get("collaboration") == self.collaboration:
                body = frame["body"]
                heads.append((frame["author"], frame["epoch"], canonical(frame), bytes.fromhex(head["signature"]),
                              body.get("last", body.get("number")), body["head"], True))
        if heads and self.last == 0:
            self.found(1, "cut")
        proven = 0
        for author, epoch, content, signature, number, head, outside in heads if self.voters else []:
            key, held = self.keys.get((author, epoch)), self.entries.get(number, {}).get("hash")
            if not key or not signed(key, content, signature):
                self.found(number, "signature")
            elif number > self.last:
                self.found(self.last + 1, "cut")
            elif held not in (None, head):
                self.found(number, "contradicted")
            elif held and outside:
                proven = max(proven, number)
        return "proven" if proven and proven == self.last else f"proven through {proven}" if proven else "unproven"


def main(arguments):
    path = arguments[0]
    heads = json.load(open(arguments[arguments.index("--heads") + 1]))["heads"] if "--heads" in arguments else []
    for head in heads:
        statement(head["statement"], "ack" if head["statement"]["purpose"] == "ack" else "proposal")
    log = os.path.exists(path + "-wal") and os.path.getsize(path + "-wal") > 0
    mode = "mode=ro" if log else "mode=ro&immutable=1"
    db = sqlite3.connect(f"file:{urllib.parse.quote(os.path.abspath(path))}?{mode}", uri=True)
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version != SCHEMA:
        raise OSError(f"{path} is of version {version}, not {SCHEMA}")
    ids = [row[0].hex() for row in db.execute(
        "SELECT collaboration FROM entries UNION SELECT collaboration FROM proposals "
        "UNION SELECT collaboration FROM certificates ORDER BY 1")]
    ledgers = [Ledger(collaboration, heads).read(db) for collaboration in ids]
    ok = all(not ledger["findings"] for ledger in ledgers)
    print(json.dumps({"ok": ok, "ledgers": ledgers}))
    return 0 if ok else 6


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (OSError, IndexError, sqlite3.Error, *MALFORMED) as problem:
        print(f"verify_ledger.py: {problem}", file=sys.stderr)
        sys.exit(2)
