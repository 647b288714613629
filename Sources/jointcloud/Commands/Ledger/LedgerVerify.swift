import ArgumentParser
import Contract
import Engine
import Ledger
import Model
import Node
import Storage

struct LedgerVerify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check ledgers in any copy of a node's database, offline and read-only.",
    discussion: """
      Ends with 6 when an entry was changed, deleted, inserted or moved, and names it. A cut tail shows against signed \
      heads: heads.json beside the database, and files given with --head. Heads of ledgers that another node \
      coordinates and this file does not hold are named and passed over.
      """)
  @OptionGroup var output: OutputOptions
  @Option(help: ArgumentHelp("The data folder; also JOINTCLOUD_DATA.", valueName: "dir"))
  var data: String?
  @Option(help: ArgumentHelp("A copy of node.sqlite instead.", valueName: "path"))
  var file: String?
  @Option(help: ArgumentHelp("A heads.json kept elsewhere; may be given several times.", valueName: "path"))
  var head: [String] = []
  @Option(help: "Only this collaboration: its id, or the start of it.")
  var collaboration: String?

  func validate() throws {
    guard data == nil || file == nil else { throw ValidationError("--data and --file contradict each other") }
  }

  func run() async throws {
    let path: String
    if let file {
      path = file
    } else {
      var options = DataOptions()
      options.data = data
      let folder = try options.folder()
      try folder.requireInitialised()
      path = folder.path
    }
    let reports: [VerificationReport]
    do {
      reports = try verified(path)
    } catch let error as StorageError {
      throw Self.failure(error)
    }
    try await output.print(listing) { reports }
    for report in reports { FindingText.lines(of: report).forEach { Output.hint($0) } }
    guard reports.allSatisfy(\.holds) else {
      Output.hint(
        "next: check the copy of another member in the same way, with --file; -o json gives every finding in full")
      throw ExitCode(ExitStatus.verificationFailed.rawValue)
    }
  }

  /// What to do about a file that cannot be read; the general advice for a node's database is this very command.
  private static func failure(_ error: StorageError) -> Failure {
    switch error {
    case .corrupt(let path, let detail):
      Failure(
        .error, "\(path) cannot be read as a database: \(detail)",
        next: "check another copy of it: a backup, or the copy of another member")
    case .notFound(let path):
      Failure(.error, "\(path) does not exist", next: "jointcloud ledger verify --file COPY_OF_NODE.SQLITE")
    default: Failure(error)
    }
  }

  private static func heads(in path: String) throws -> [SignedStatement] {
    do {
      return try HeadsFile.read(path)
    } catch StorageError.corrupt(_, let detail) {
      throw Failure(
        .error, "--head \(path) cannot be read as signed heads: \(detail)",
        next: "give --head a copy of the heads.json of a data folder, or leave it out")
    } catch StorageError.notFound {
      throw Failure(
        .error, "--head \(path) does not exist", next: "give --head a copy of the heads.json of a data folder")
    }
  }

  private func verified(_ path: String) throws -> [VerificationReport] {
    let reader = try LedgerReader(path: path)
    var beside: [SignedStatement] = []
    do {
      beside = try reader.headsBeside()
    } catch {
      // A second proof only; without it the ledger is checked all the same, and its tail shows as unproven.
      let why = if case .corrupt(_, let detail) = error { detail } else { "\(error)" }
      Output.hint("the heads.json beside the database counts as absent, since it cannot be read: \(why)")
    }
    let given = try head.flatMap { try Self.heads(in: $0) }
    let node = try reader.node()
    // A ledger whose every entry was deleted still shows by the heads that were kept beside it, or that its own node
    // signed. What another node signed may be of a ledger that this one never took part in.
    let own = beside + given.filter { $0.statement.author == node }
    var wanted = Set(try reader.ledgers().map(\.collaboration) + own.compactMap(\.statement.collaboration))
    let strange = Set(given.compactMap(\.statement.collaboration)).subtracting(wanted)
    if let collaboration {
      let candidates = wanted.union(strange).sorted()
      let id = CollaborationID(
        try Reference.find(
          collaboration, "ledger", among: candidates.map { .init(id: $0.digest, name: "", timeMilliseconds: 0) }))
      wanted = [id]
    } else if !strange.isEmpty {
      let names = strange.sorted().prefix(10).map(\.short).joined(separator: ", ")
      let more = strange.count > 10 ? " and \(strange.count - 10) more" : ""
      Output.hint("not held here, so the heads given for them prove nothing: \(names)\(more)")
    }
    return try wanted.sorted().map {
      try reader.verify($0, rules: ContractRules(collaboration: $0), heads: beside + given)
    }
  }

  private var listing: Listing<VerificationReport> {
    Listing(
      nothing: "no ledgers in it", name: { $0.collaboration.hexadecimal },
      columns: [
        .id("COLLABORATION") { $0.collaboration.digest },
        .state("RESULT") { $0.holds ? "ok" : "problem" },
        Column("ENTRIES") { "\($0.entries)" },
        Column("PROPOSALS") { "\($0.proposals)" },
        Column("DECIDED") { "\($0.decided)" },
        .id("HEAD") { $0.head },
        Column("FINDINGS") { "\($0.findings.count)" },
        .abridged("TAIL") { Self.tail(of: $0, inFull: $1) },
      ])
  }

  private static func tail(of report: VerificationReport, inFull: Bool) -> String {
    func names(_ nodes: some Sequence<NodeID>) -> String {
      nodes.map { inFull ? $0.hexadecimal : $0.short }.joined(separator: ", ")
    }
    if report.findings.contains(where: { $0.what == .cut }) { return "cut: signed heads name later entries" }
    return switch report.tail {
    case .proven(let nodes): "proven by \(names(nodes))"
    case .provenThrough(let number, let nodes): "proven through entry \(number) by \(names(nodes))"
    case .unproven: report.holds ? "unproven: no signed head was given" : "unproven: see the findings"
    }
  }
}

/// The contract's fold as the verifier's rules.
private struct ContractRules: Rules {
  let collaboration: CollaborationID
  var state: CollaborationState?

  mutating func apply(_ record: LedgerRecord) throws {
    if state == nil {
      state = try CollaborationState(id: collaboration, opening: record)
    } else {
      try state?.apply(record)
    }
  }
}
