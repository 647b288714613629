import ArgumentParser
import Interface
import Node

/// The person who acts, whose name is kept on the ledger.
struct PersonOption: ParsableArguments {
  @Option(help: "Who does it, kept on the ledger; otherwise the user at login (USER or LOGNAME).")
  var person: String?

  func validate() throws {
    if let problem = person.flatMap({ ElectionText.problem($0, "--person") }) { throw ValidationError(problem) }
  }

  func named() throws -> String {
    guard let name = person ?? Machine.userName() else {
      throw Failure(.usage, "who does it? neither USER nor LOGNAME says so", next: "give --person NAME")
    }
    return name
  }
}
