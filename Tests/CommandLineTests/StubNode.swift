import Foundation
import Glibc

/// A fake: gives fixed answers at an address of loopback, as a node in any state would. What it was sent is kept.
struct StubNode {
  /// What it answers by `METHOD /path`; of several answers each but the last is given once.
  typealias Answers = [String: [Answer]]

  struct Answer {
    var status = 200
    var body: String
  }

  private static let program = """
    import http.server, json, sys
    answers = json.load(open(sys.argv[1]))
    class Node(http.server.BaseHTTPRequestHandler):
      def answer(self):
        key = self.command + " " + self.path
        given = answers.get(key, [[404, '{"kind":"notFound","next":"","subject":"","what":"nothing at ' + key + '"}']])
        status, text = given.pop(0) if len(given) > 1 else given[0]
        body = text.encode()
        self.send_response(status); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
      def do_GET(self): self.answer()
      def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        open(sys.argv[2], "a").write(self.path + " " + body + "\\n")
        self.answer()
      def log_message(self, *_): pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Node)
    print(server.server_address[1], flush=True)
    server.serve_forever()
    """

  let address: String
  private let kept: String

  /// The bodies of all POST, each after its path.
  func sent() throws -> [String] {
    try String(contentsOfFile: kept, encoding: .utf8).split(separator: "\n").map(String.init)
  }

  /// Runs the command against it, with a person's name at login.
  func run(_ words: String...) throws -> Binary.Ended {
    try Binary.run(words + ["--http", address, "--token", "none"], environment: ["USER": "ada"])
  }

  static func serving(_ answers: Answers, _ body: (StubNode) throws -> Void) throws {
    try Scratch.folder { folder in
      let table = answers.mapValues { $0.map { [$0.status, $0.body] as [Any] } }
      try JSONSerialization.data(withJSONObject: table).write(to: URL(fileURLWithPath: folder + "/answers"))
      try Data().write(to: URL(fileURLWithPath: folder + "/sent"))
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
      process.arguments = ["-c", program, folder + "/answers", folder + "/sent"]
      let output = Pipe()
      process.standardOutput = output
      try process.run()
      defer {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
      }
      let port = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        .trimmingCharacters(in: .whitespacesAndNewlines)
      try body(StubNode(address: "http://127.0.0.1:\(port)", kept: folder + "/sent"))
    }
  }
}
