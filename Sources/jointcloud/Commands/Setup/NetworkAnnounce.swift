import ArgumentParser
import Engine
import Interface
import Model
import Overlay

struct NetworkAnnounce: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "announce", abstract: "Tell all nodes of the network something. Prints the trace's id.",
    discussion: """
      Every node shows it as a notice, and network show lists it until it expires: the newest \
      \(AnnouncementView.limitPerAuthor) of each node, \(AnnouncementView.limit) in all. It cannot be taken back.
      """)
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "What to tell: 1 to \(Announcement.byteLimit) bytes.")
  var text: String
  @Option(help: "How long others keep and relay it: 1s to 24h.")
  var expires = "1h"

  func validate() throws {
    guard (1...Announcement.byteLimit).contains(text.utf8.count) else {
      throw ValidationError("the text has \(text.utf8.count) bytes; it must have 1 to \(Announcement.byteLimit)")
    }
    guard text.contains(where: { !$0.isWhitespace }) else { throw ValidationError("the text is blank") }
  }

  func run() async throws {
    let life = try Arguments.milliseconds(expires, "--expires")
    guard (1_000...86_400_000).contains(life) else {
      throw Failure(.usage, "--expires \(expires) is not within 1s to 24h", next: "--expires 1h")
    }
    try await node.withNode { client in
      let receipt = try await client.announce(AnnouncementRequest(text: text, lifetimeMilliseconds: Int64(life)))
      try await output.print(name: { $0.trace.hexadecimal }, table: { $0.trace.hexadecimal }) { receipt }
      // It is told already, so nothing that goes wrong here may say otherwise.
      if let status = try? await client.status(), status.links == 0 {
        Output.hint("no other node has a stream to this one now: it goes out as soon as one has, while it holds")
      }
      let trace = NextStep.completed("jointcloud trace \(receipt.trace.hexadecimal)")
      Output.hint("next: see how it spreads: \(trace)")
    }
  }
}
