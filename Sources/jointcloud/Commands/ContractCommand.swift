import ArgumentParser
import Contract
import Engine
import Model

struct ContractCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "contract", abstract: "The rules that rounds are judged by.", subcommands: [Show.self])

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the contract with every number of weights, floors, attempts, leases and timeouts.")
    @OptionGroup var output: OutputOptions
    @Argument(help: "Its name; only the built-in one can be used until contracts can be written.")
    var contract = "default"

    struct Document: Encodable {
      var contract: ContractDocument
      var hash: Digest
    }

    func run() async throws {
      let standard = ContractDocument.standard
      guard contract == standard.name else {
        throw Failure(.error, "there is no contract \"\(contract)\"", next: "jointcloud contract show \(standard.name)")
      }
      let document = Document(contract: standard, hash: try standard.hash())
      try await output.print(
        name: { $0.hash.hexadecimal },
        table: { "# hash \($0.hash)\n" + (try PrettyJSON.document($0.contract)) }
      ) { document }
    }
  }
}
