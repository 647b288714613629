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
      heads: heads.json beside the database, and files given with --head.
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
    let reports = try verified(path)
    try await output.print(listing) { reports }
    for report in reports {
      for finding in report.findings.prefix(20) {
        Output.hint(
          "error: ledger \(report.collaboration.short), entry \(finding.number): \(finding.what.rawValue): "
            + "expected \(finding.expected), found \(finding.found)")
      }
      if report.findings.count > 20 { Output.hint("error: and \(report.findings.count - 20) more findings") }
    }
    guard reports.allSatisfy(\.holds) else {
      Output.hint("next: compare with another member's copy: jointcloud ledger verify --file THEIR_COPY")
      throw ExitCode(ExitStatus.verificationFailed.rawValue)
    }
  }

  private func verified(_ path: String) throws -> [VerificationReport] {
    let reader = try LedgerReader(path: path)
    var heads: [SignedStatement] = []
    do {
      heads = try reader.headsBeside()
    } catch {
      // A second proof only; without it the ledger is checked all the same, and its tail shows as unproven.
      Output.hint("the heads beside the database count as absent, since they cannot be read: \(error)")
    }
    for path in head { heads += try HeadsFile.read(path) }
    var wanted = try reader.ledgers().map(\.collaboration)
    // A ledger whose every entry was deleted still shows by the heads that were signed for it.
    wanted += heads.compactMap(\.statement.collaboration)
    wanted = Set(wanted).sorted()
    if let collaboration {
      let id = CollaborationID(
        try Reference.find(
          collaboration, "ledger", among: wanted.map { .init(id: $0.digest, name: "", timeMilliseconds: 0) }))
      wanted = [id]
    }
    return try wanted.map { try reader.verify($0, rules: ContractRules(collaboration: $0), heads: heads) }
  }

  private var listing: Listing<VerificationReport> {
    Listing(
      nothing: "no ledgers in it", name: { $0.collaboration.hexadecimal },
      columns: [
        Column("COLLABORATION") { $0.collaboration.short },
        .state("RESULT") { $0.holds ? "ok" : "problem" },
        Column("ENTRIES") { "\($0.entries)" },
        Column("PROPOSALS") { "\($0.proposals)" },
        Column("HEAD") { $0.head.short },
        Column("FINDINGS") { "\($0.findings.count)" },
        Column("TAIL") { Self.words($0.tail) },
      ])
  }

  private static func words(_ tail: VerificationReport.Tail) -> String {
    switch tail {
    case .proven(let nodes): "proven by \(nodes.map(\.short).joined(separator: ", "))"
    case .provenThrough(let number, let nodes):
      "proven through entry \(number) by \(nodes.map(\.short).joined(separator: ", "))"
    case .unproven: "unproven: no signed head was given"
    }
  }
}

/// The contract's fold as the verifier's rules.
private struct ContractRules: Rules {
  let collaboration: CollaborationID
  var state: CollaborationState?

  var configuration: Digest? { state?.configuration }

  mutating func apply(_ record: LedgerRecord) throws {
    if state == nil {
      state = try CollaborationState(id: collaboration, opening: record)
    } else {
      try state?.apply(record)
    }
  }
}
