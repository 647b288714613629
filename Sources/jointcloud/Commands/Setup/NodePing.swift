import ArgumentParser
import Engine
import Interface
import Model

struct NodePing: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ping", abstract: "Ask another node for a sign of life, and say by which path it came.",
    discussion: "Ends with 4 when nothing was answered.")
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "The member: its id, the start of it, its name, or last.")
  var member: String
  @Option(help: "How often to ask, a second apart: 1 to 1000.")
  var count = 1

  func validate() throws {
    guard (1...1_000).contains(count) else { throw ValidationError("--count \(count) is not within 1 to 1000") }
  }

  func run() async throws {
    var answers: [PingView] = []
    try await node.withNode { client in
      let id = try await client.memberID(member)
      for round in 1...count {
        let answer = try await client.ping(id)
        answers.append(answer)
        // Each as it comes; a document is whole at the end only.
        if output.format != .json { Output.data(try Self.line(answer, output.format)) }
        if round < count { try await Task.sleep(for: .seconds(1)) }
      }
    }
    if output.format == .json { Output.data(try PrettyJSON.document(answers)) }
    guard answers.contains(where: { $0.path != .silent }) else {
      throw Failure(.timedOut, "\(answers[0].name) does not answer", next: "jointcloud member list")
    }
  }

  /// One line each, since they come one after the other.
  private static func line(_ answer: PingView, _ format: OutputFormat) throws -> String {
    switch format {
    case .json, .jsonl: try PrettyJSON.line(answer)
    case .name: answer.node.hexadecimal + "\n"
    case .table, .wide: "\(answer.name) (\(answer.node.short)): \(words(answer))".printable + "\n"
    }
  }

  private static func words(_ answer: PingView) -> String {
    guard let microseconds = answer.roundTripMicroseconds else { return "no answer" }
    let time = HumanText.duration(microseconds: microseconds)
    return switch answer.path {
    case .datagram: "\(time) by datagram"
    case .throughOthers: "\(time) by datagrams through others; those on the direct way are lost"
    case .stream: "\(time) on a stream; datagrams are lost"
    case .silent: "no answer"
    }
  }
}
