import ArgumentParser
import Engine
import Interface
import Node
import Storage

struct Doctor: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look for what is wrong with this node, and say what to do about it.",
    discussion: "Ends with 1 when something is wrong. What can be seen without a running node is looked at in any case."
  )
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    var findings: [DoctorFinding] = []
    if node.http == nil { findings += Self.looksAt(try node.folder()) }
    // Where no node was set up, none can be asked.
    if findings.first?.ok != false {
      do {
        findings += try await node.withNode { try await $0.doctor() }
      } catch {
        findings.append(Self.finding("node", Failure(error)))
      }
    }
    let found = findings.map { finding in
      var finding = finding
      finding.remedy = NextStep.completed(finding.remedy)
      return finding
    }
    try await output.print(listing) { found }
    if findings.contains(where: { !$0.ok }) { throw ExitCode(ExitStatus.error.rawValue) }
  }

  private var listing: Listing<DoctorFinding> {
    Listing(
      nothing: "nothing was looked at", name: { $0.subject }, columns: [],
      drawn: { DoctorReport(findings: $0, width: Output.width, usesColour: Output.usesColour).text })
  }

  private static func finding(_ subject: String, _ failure: Failure) -> DoctorFinding {
    // Who is sent here for more would be sent here again.
    let remedy = failure.next.hasPrefix("jointcloud doctor") ? "look at the node's log" : failure.next
    return DoctorFinding(
      subject: subject, ok: false, detail: failure.lines.joined(separator: "; "), remedy: remedy)
  }

  /// The folder, its configuration and keys.
  private static func looksAt(_ folder: DataFolder) -> [DoctorFinding] {
    func finding(_ subject: String, _ good: String, _ look: () throws -> Void) -> DoctorFinding {
      do {
        try look()
        return DoctorFinding(subject: subject, ok: true, detail: good)
      } catch let error as StorageError {
        // It says itself what to do; its next step would be this very command.
        return DoctorFinding(subject: subject, ok: false, detail: "\(error)", remedy: "")
      } catch {
        return Self.finding(subject, Failure(error))
      }
    }
    let first = finding("folder", folder.path) { try folder.requireInitialised() }
    guard first.ok else { return [first] }
    return [
      first,
      finding("configuration", folder.configurationPath) { _ = try NodeConfiguration.read(in: folder) },
      keys(of: folder),
      finding("membership", folder.networkPath) { _ = try NodeSetup(folder).identity() },
      finding("database", folder.hasDatabase ? "can be read" : "the first start makes it") {
        do {
          _ = try LedgerReader(path: folder.path).ledgers()
        } catch StorageError.notFound {}
      },
    ]
  }

  private static func keys(of folder: DataFolder) -> DoctorFinding {
    var absent: [KeyFile.Name] = []
    for name in KeyFile.Name.allCases {
      do {
        _ = try KeyFile(name, in: folder).read()
      } catch {
        guard error.kind == .notFound else { return finding("keys", Failure(error)) }
        absent.append(name)
      }
    }
    guard !absent.isEmpty else {
      return DoctorFinding(subject: "keys", ok: true, detail: "readable by this user alone")
    }
    // A run signs by one of them; the others may be kept elsewhere.
    return DoctorFinding(
      subject: "keys", ok: !absent.contains(.signing),
      detail: "not in \(folder.keysPath): \(absent.map(\.rawValue).joined(separator: ", "))",
      remedy: "put them back from a copy of this folder, unless they are kept elsewhere on purpose: node run needs "
        + "signing.key alone, --http api.token, network create and join all others")
  }
}
