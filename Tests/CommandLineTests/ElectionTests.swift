import Foundation
import Testing

/// What the noun `election` says of the states that a node can be in, and with which exit code.
@Suite struct ElectionTests {
  private static let collaboration = String(repeating: "c", count: 64)
  private static let nodes = ["a", "b", "d"].map { String(repeating: $0, count: 64) }

  private struct Situation {
    var term = 1
    var state = "inOffice"
    var reason = ""
    var next = ""
    var inReach = 3
    var missing = 0
    var waiting = 0
    var callsNeeded = 1

    /// Term 1 is alpha's, term 2 beta's.
    /// Alpha and beta delegate to delta; beta has no vote.
    var isDelegated = false
    private var delegations: [[String: Any]] {
      guard isDelegated else { return [] }
      return zip(nodes, ["alpha", "beta"]).enumerated().map { place, voter in
        [
          "agent": nodes[2], "agentName": "delta", "counts": place == 0, "entry": 5 + place, "name": voter.1,
          "needed": 2, "node": voter.0, "person": "ada", "reason": "", "timeMilliseconds": 1_767_229_200_000,
        ]
      }
    }

    var view: [String: Any] {
      var terms: [[String: Any]] = [
        [
          "cause": "founded", "coordinator": nodes[0], "coordinatorName": "alpha", "delegated": false, "detail": "",
          "entry": 1, "term": 1, "timeMilliseconds": 1_767_225_600_000, "votes": [String](),
        ]
      ]
      if term > 1 {
        terms.append([
          "by": nodes[0], "byName": "alpha", "cause": "called", "coordinator": nodes[1], "coordinatorName": "beta",
          "delegated": false, "detail": "maintenance", "entry": 7, "person": "ada", "term": 2,
          "timeMilliseconds": 1_767_229_200_000,
          "votes": ["alpha", "beta"],
        ])
      }
      var view: [String: Any] = [
        "bearsLies": false, "callIntervalMilliseconds": 10_000, "callsNeeded": callsNeeded,
        "collaboration": collaboration, "coordinator": nodes[term - 1],
        "coordinatorName": term == 1 ? "alpha" : "beta", "agentAwaited": false, "delegationWaits": isDelegated,
        "delegations": delegations, "inReach": inReach,
        "missing": missing, "name": "lab",
        "next": next, "preferred": [String](), "promised": term, "quorum": 2, "reason": reason, "state": state,
        "term": term, "terms": terms,
        "undecidedEntries": 0,
        "voters": zip(nodes, ["alpha", "beta", "delta"]).enumerated().map { place, voter in
          [
            "holds": 7, "name": voter.1, "node": voter.0, "rank": place + 1,
            "state": place < inReach ? "alive" : "failed", "voted": term > 1 && place < 2, "weightPPM": 1_000_000,
          ] as [String: Any]
        },
        "waitingSubmissions": waiting,
      ]
      if state != "inOffice" { view["sinceMilliseconds"] = 1_767_229_260_000 }
      return view
    }
  }

  private static let cutOff = Situation(
    state: "noQuorum",
    reason: "no quorum: 1 of 3 voters in reach, 1 more needed; away: beta (failed), delta (failed). "
      + "Nothing is decided, running work goes on",
    next: "start again 1 or more of beta, delta: jointcloud member list", inReach: 1, missing: 1, waiting: 2)

  private static func text(_ value: Any) throws -> String {
    String(decoding: try JSONSerialization.data(withJSONObject: value), as: UTF8.self)
  }

  /// A node with one collaboration that is in these situations, one after the other.
  private func with(
    _ situations: Situation..., refusal: StubNode.Answer? = nil, more: [String] = [], _ body: (StubNode) throws -> Void
  ) throws {
    let views = try situations.map { StubNode.Answer(body: try Self.text($0.view)) }
    let path = "/v1/collaborations/\(Self.collaboration)/election"
    let rows = ["c"] + more
    let list = rows.map { digit in
      var view = situations[0].view
      view["collaboration"] = String(repeating: digit, count: 64)
      return view
    }
    try StubNode.serving(
      [
        "GET /v1/elections": [.init(body: try Self.text(list))], "GET \(path)": views,
        "POST \(path)/call": [refusal ?? views[0]], "POST \(path)/transfer": [refusal ?? views[0]],
        "GET /v1/tasks": [.init(body: "[]")], "GET /v1/members": [.init(body: "[]")],
        "GET /v1/collaborations": [.init(body: "[]")],
      ], body)
  }

  @Test func theListSaysWhoCoordinatesAndWhoIsInReach() throws {
    try with(Situation(term: 2)) { node in
      let table = try node.run("election", "list")
      let rows = table.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
      #expect(rows.first == "COLLABORATION NAME TERM COORDINATOR STATE IN REACH QUORUM SINCE REASON", "\(rows)")
      #expect(rows.last?.hasPrefix("cccccccc lab 2 beta in office 3 of 3 2 ") == true, "\(rows)")
      #expect(try node.run("election", "list", "-o", "name").output == Self.collaboration + "\n")
      #expect(try node.run("election", "list", "-o", "wide").output.contains(Self.nodes[1]))
      for (format, lines) in [("json", 2...1_000), ("jsonl", 1...1)] {
        let ended = try node.run("election", "list", "-o", format)
        #expect(ended.output.contains("\"inReach\"") && lines.contains(ended.output.split(separator: "\n").count))
      }
    }
  }

  @Test func aLostQuorumIsToldWithWhatWaitsAndWhatToDo() throws {
    try with(Self.cutOff) { node in
      let shown = try node.run("election", "show")
      #expect(shown.status == 0)
      for text in [
        "State:          no quorum since 2026-01-01 01:01:00.000 UTC (", "Nothing is decided, running work goes on\n",
        "Votes:          1 of 3 in reach, 2 decide together, 1 more needed; so few bear crashes, and no lie\n",
        "Waits:          2 submissions of this node\n",
        "Next:           start again 1 or more of beta, delta: jointcloud member list --http http://127.0.0.1:",
        "Why:            alpha founded the collaboration\n", "alpha (coordinates)",
      ] {
        #expect(shown.output.contains(text), "\(text)\n\(shown.output)")
      }
    }
  }

  @Test func whoDelegatesToWhomIsToldWithHowManyThatTakes() throws {
    try with(Situation(isDelegated: true)) { node in
      let shown = try node.run("election", "show").output
      #expect(
        shown.contains("Delegated:      to delta by alpha (ada), beta (ada, no vote): 1 of 2 needed\n"), "\(shown)")
      for (arguments, problem) in [
        (["--withdraw", "lab", "delta"], "with --withdraw name a collaboration at most"),
        ([], "name the node that is to coordinate, after the collaboration"),
        (["delta", "--reason", " "], "--reason is empty"),
      ] {
        let ended = try Binary.run(["election", "delegate"] + arguments)
        #expect(ended.status == 2 && ended.errors.contains(problem), "\(ended.errors)")
      }
    }
  }

  @Test func everyTermIsToldInASentence() throws {
    try with(Situation(term: 2)) { node in
      let table = try node.run("election", "why", "last", "-o", "wide")
      #expect(table.status == 1 && table.errors.contains("there is no collaboration yet"), "\(table.errors)")
      let why = try node.run("election", "why")
      let rows = why.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
      #expect(
        rows == [
          "TERM BEGAN (UTC) ENTRY COORDINATOR ELECTED BY CAUSE",
          "1 2026-01-01 00:00:00.000 1 alpha - alpha founded the collaboration",
          "2 2026-01-01 01:00:00.000 7 beta alpha, beta ada at alpha called an election: maintenance",
        ], "\(why.output)")
      let json = try node.run("election", "why", "-o", "jsonl").output.split(separator: "\n")
      #expect(json.count == 2 && json[1].contains("\"cause\":\"called\""), "\(json)")
    }
  }

  @Test func aPreviewNamesCandidatesVotesWorkAndTheRecord() throws {
    try with(Situation()) { node in
      let preview = try node.run("election", "preview", Self.collaboration)
      #expect(preview.output.contains("; 1 of 1 term\n"), "\(preview.output)")
      #expect(preview.output.contains("Running work:   none\n"), "\(preview.output)")
      #expect(
        preview.errors.hasPrefix("next: jointcloud election call cccccccc --reason TEXT --http http://127.0.0.1:"))
      #expect(try node.sent().isEmpty)
      let json = try node.run("election", "preview", Self.collaboration, "-o", "json").output
      #expect(json.contains("\"votesNeeded\": 2") && json.contains("\"candidates\": ["), "\(json)")
    }
  }

  @Test func aCallIsWaitedForAndTheOutcomeTold() throws {
    try with(Situation(), Situation(), Situation(term: 2)) { node in
      let ended = try node.run("election", "call", "--reason", "maintenance")
      #expect(ended.status == 0, "\(ended.errors)")
      #expect(ended.output == "beta coordinates term 2: ada at alpha called an election: maintenance\n")
      #expect(
        try node.sent() == [
          "/v1/collaborations/\(Self.collaboration)/election/call {\"person\":\"ada\",\"reason\":\"maintenance\"}"
        ])
    }
  }

  @Test func aCallWithoutAnOutcomeEndsWithFour() throws {
    for (situation, missing) in [
      (Situation(), "no other member has followed the call; a second call of one member is not followed within 10s"),
      (Situation(callsNeeded: 2), "2 members must call"), (Self.cutOff, "no quorum: 1 of 3 voters in reach"),
    ] {
      try with(situation) { node in
        let ended = try node.run("election", "call", "--reason", "maintenance", "--timeout", "300ms")
        #expect(ended.status == 4 && ended.output.isEmpty, "\(ended)")
        #expect(ended.errors.contains("error: after 300ms alpha coordinates term 1 still: "), "\(ended.errors)")
        #expect(ended.errors.contains(missing) && ended.errors.contains("\nnext: "), "\(ended.errors)")
        let taken = try node.run("election", "call", "--reason", "maintenance", "--no-wait")
        #expect(taken.status == 0 && taken.output == "taken; alpha coordinates term 1 still\n", "\(taken)")
      }
    }
  }

  @Test func anOfficeIsHandedOverByNameAndWhoTookItIsTold() throws {
    try with(Situation(), Situation(term: 2)) { node in
      let ended = try node.run("election", "transfer", "beta", "--person", "grace")
      #expect(ended.status == 0 && ended.output.hasPrefix("beta coordinates term 2: "), "\(ended)")
      #expect(
        try node.sent().first?.hasSuffix(
          "/election/transfer {\"node\":\"\(Self.nodes[1])\",\"person\":\"grace\"}") == true)
    }
    try with(Situation(), Situation(term: 2)) { node in
      let other = try node.run("election", "transfer", Self.collaboration, "delta")
      #expect(other.status == 7 && other.errors.contains("beta coordinates term 2, and not delta"), "\(other.errors)")
    }
    try with(Situation()) { node in
      let none = try node.run("election", "transfer", "gamma")
      #expect(none.status == 1 && none.errors.contains("no voter is called \"gamma\""), "\(none.errors)")
      let last = try node.run("election", "transfer", "last")
      #expect(last.status == 1 && last.errors.contains("no voter is called \"last\""), "\(last.errors)")
      #expect(try node.sent().isEmpty)
    }
  }

  @Test(arguments: [("notPermitted", 403, 8 as Int32), ("conflict", 409, 7), ("unavailable", 503, 1)])
  func whatTheNodeRefusesEndsWithItsCode(kind: String, status: Int, code: Int32) throws {
    let body = "{\"kind\":\"\(kind)\",\"next\":\"jointcloud election list\",\"subject\":\"\",\"what\":\"not so\"}"
    try with(Situation(), refusal: .init(status: status, body: body)) { node in
      for act in [["call", "--reason", "x"], ["transfer", "beta"]] {
        let ended = try Binary.run(
          ["election"] + act + ["--http", node.address, "--token", "none"], environment: ["LOGNAME": "ada"])
        #expect(ended.status == code && ended.errors.contains("error: not so\nnext: jointcloud election list"))
      }
    }
  }

  @Test func whichCollaborationMustBeSaidWhereSeveralAreOpen() throws {
    try with(Situation(), more: ["e"]) { node in
      let ended = try node.run("election", "show")
      #expect(ended.status == 2 && ended.errors.contains("2 are open: cccccccc lab, eeeeeeee lab"), "\(ended.errors)")
      #expect(try node.run("election", "show", Self.collaboration).status == 0)
    }
  }
}
