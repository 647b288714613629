import Engine
import Glibc
import Interface
import Logging
import Model
import NIOHTTP1
import Testing

@Suite struct BadInputTests {
  @Test(arguments: ["", "Bearer ", "Bearer 0123456789abcdeF", "Bearer 0123456789abcdef0", "Basic 0123456789abcdef"])
  func tcpWithoutTheRightTokenIsRefused(authorization: String) async throws {
    try await Served.run { served in
      let headers = authorization.isEmpty ? [] : [("Authorization", authorization)]
      let answer = try await served.raw(.GET, "/v1/status", headers: headers)
      #expect(answer.status == 401)
      #expect(answer.headers["WWW-Authenticate"] == ["Bearer"])
      #expect(answer.body.contains(#""kind":"notPermitted""#))
      #expect(served.node.calls.isEmpty)
    }
  }

  @Test func theRightTokenIsTaken() async throws {
    try await Served.run { served in
      let answer = try await served.raw(.GET, "/v1/status", headers: served.authorized)
      #expect(answer.status == 200)
      let other = Endpoint.http(url: "http://\(served.tcp)", token: Served.token)
      _ = try await Client.withClient(to: other) { try await $0.status() }
    }
  }

  @Test(arguments: [
    ("", "ends in mid-value"), ("{", "ends in mid-value"), ("[1,2]", "expected"), (#"{"reason":1}"#, "reason"),
    (#"{}"#, "reason is missing"), (#"{"reason":"a","other":1}"#, "unknown key other"),
    (#"{"reason":"a","reason":"b"}"#, "stands twice"), (#"{"reason":1.5}"#, "not an integer"), ("\u{0}", "unexpected"),
  ])
  func aBodyThatIsNotWhatIsExpectedIsRefusedWithItsFault(body: String, fault: String) async throws {
    try await Served.run { served in
      let id = Digest(of: "id".utf8)
      let answer = try await served.raw(
        .POST, "/v1/tasks/\(id)/cancel", body: Array(body.utf8), headers: served.authorized)
      #expect(answer.status == 400)
      #expect(answer.body.contains(fault), "\(answer.body)")
    }
  }

  @Test func nullCountsAsAbsent() async throws {
    try await Served.run { served in
      let id = Digest(of: "id".utf8)
      let body = Array(#"{"reason":"a","other":null}"#.utf8)
      let answer = try await served.raw(.POST, "/v1/tasks/\(id)/cancel", body: body, headers: served.authorized)
      #expect(answer.status == 200)
    }
  }

  @Test func aBodyOverTheLimitIsRefused() async throws {
    var limits = APILimits()
    limits.bodyBytes = 1_000
    try await Served.run(limits: limits) { served in
      let id = Digest(of: "id".utf8)
      let body = [UInt8](repeating: UInt8(ascii: " "), count: 100_000)
      let answer = try await served.raw(.POST, "/v1/tasks/\(id)/cancel", body: body, headers: served.authorized)
      #expect(answer.status == 413)
      let next = try await served.client.status()
      #expect(next.name == "text")
    }
  }

  @Test(arguments: [
    "/v1/tasks/abcd", "/v1/tasks/\(String(repeating: "A", count: 64))", "/v1/weights?collaboration=x",
    "/v1/events?limit=0", "/v1/events?limit=many", "/v1/events?limit=99999999999999999999",
    "/v1/tasks/\(String(repeating: "a", count: 64))/subtasks/-1/logs/stdout",
    "/v1/tasks/\(String(repeating: "a", count: 64))/subtasks/0/logs/stdin",
    "/v1/objects/\(String(repeating: "a", count: 64))", "/v1/objects/abc?byteCount=1",
    "/v1/collaborations/abcd/election",
  ])
  func aParameterThatIsNotWhatIsExpectedIsRefused(path: String) async throws {
    try await Served.run { served in
      let answer = try await served.raw(.GET, path, headers: served.authorized)
      #expect(answer.status == 400, "\(answer.body)")
      #expect(served.node.calls.isEmpty)
    }
  }

  @Test(arguments: [
    ("call", #"{"person":"ada"}"#, "reason is missing"), ("call", #"{"person":"","reason":"a"}"#, "person is empty"),
    ("call", #"{"person":"ada","reason":" "}"#, "reason is empty"),
    ("call", #"{"person":"ada","reason":"\#(String(repeating: "é", count: 65))"}"#, "reason has 65 characters"),
    ("call", #"{"person":"\#(String(repeating: "a", count: 65))","reason":"a"}"#, "person has 65 characters"),
    ("transfer", #"{"person":"ada"}"#, "node is missing"), ("transfer", #"{"node":"ab","person":"ada"}"#, "node"),
    ("transfer", #"{"node":"\#(String(repeating: "a", count: 64))","person":""}"#, "person is empty"),
  ])
  func anElectionThatCannotBeWrittenDownIsRefused(act: String, body: String, fault: String) async throws {
    try await Served.run { served in
      let answer = try await served.raw(
        .POST, "/v1/collaborations/\(Digest(of: "id".utf8))/election/\(act)", body: Array(body.utf8),
        headers: served.authorized)
      #expect(answer.status == 400)
      #expect(answer.body.contains(fault), "\(answer.body)")
      #expect(served.node.calls.isEmpty)
    }
  }

  @Test func textsOfElectionsHaveSixtyFourCharactersAtMost() {
    #expect(ElectionText.problem(String(repeating: "é", count: 64), "reason") == nil)
    // A character of many scalars would be cut on its way to the ledger.
    #expect(ElectionText.problem(String(repeating: "👩‍👩‍👧", count: 64), "reason") != nil)
  }

  @Test func anUnknownPathAndAnUnknownIDAreNotFound() async throws {
    try await Served.run { served in
      let path = try await served.raw(.GET, "/v2/status", headers: served.authorized)
      #expect(path.status == 404)
      #expect(path.body.contains(#""kind":"notFound""#))
      let refusal = await #expect(throws: ClientError.self) { try await served.client.task(TaskID(FakeNode.unknown)) }
      #expect(refusal?.refusal == Refusal(.notFound, "nothing is called so", subject: "id", next: "jointcloud ps"))
    }
  }

  @Test func anAddressInUseIsNamed() async throws {
    try await Served.run { served in
      let port = Int(served.tcp.split(separator: ":").last ?? "") ?? 0
      var logger = Logger(label: "test")
      logger.logLevel = .critical
      let second = APIServer(
        service: served.node, socketPath: nil, tcp: .init(host: "127.0.0.1", port: port, token: "t"), logger: logger,
        metrics: { "" }, onReady: { _ in })
      await #expect(throws: APIServerError.addressInUse(served.tcp)) { try await second.run() }
    }
  }

  @Test func aNodeThatDoesNotRunIsNamedWithTheCommandThatStartsIt() async throws {
    let endpoint = Endpoint.socket(path: "/tmp/jointcloud-nobody/api.sock", dataFolder: "some/folder")
    let error = await #expect(throws: ClientError.self) {
      try await Client.withClient(to: endpoint) { try await $0.status() }
    }
    #expect(error?.refusal.next == "jointcloud node run --data some/folder")
    #expect(error?.refusal.kind == .unavailable)
  }

  @Test func theSocketIsItsOwnersAlone() async throws {
    try await Served.run { served in
      var info = stat()
      #expect(stat(served.socketPath, &info) == 0)
      #expect(info.st_mode & 0o777 == 0o600)
    }
  }
}
