import ArgumentParser
import Node

struct Version: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Say which version this is.")
  @OptionGroup var output: OutputOptions

  struct Document: Encodable {
    var name = "jointcloud"
    /// Of the keys that -o json prints.
    var outputVersion = Software.outputVersion
    var version = Software.version
  }

  func run() async throws {
    try await output.print(name: { $0.version }, table: { "\($0.name) \($0.version)" }) { Document() }
  }
}
