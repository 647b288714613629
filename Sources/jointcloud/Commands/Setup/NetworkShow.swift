import ArgumentParser
import Engine
import Interface
import Model
import Node
import Overlay

struct NetworkShow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show the network that a data folder belongs to; the node need not run.",
    discussion: """
      Where it runs, members and the announcements that hold are shown too: the newest \
      \(AnnouncementView.limitPerAuthor) of each node, \(AnnouncementView.limit) in all.
      """)
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let folder = try node.folder()
    try folder.requireInitialised()
    var view = try NetworkView(try NetworkFile.read(in: folder), folder)
    var problem: Failure?
    do {
      (view.membersByState, view.announcements) = try await node.withNode { client in
        (try await client.status().membersByState, try await client.announcements())
      }
    } catch ClientError.notRunning {
    } catch let refusal as Refusal {
      problem = Failure(refusal)
    } catch let failure as Failure where failure.status != .usage {
      problem = failure
    }
    try await view.print(output, id: false)
    if let problem {
      Output.hint("members and announcements are not shown: \(problem.lines.joined(separator: "; "))")
      Output.hint("next: \(NextStep.completed(problem.next))")
    }
    if view.mayLackAnnouncements, output.format == .table || output.format == .wide {
      Output.hint(
        "of each node the newest \(AnnouncementView.limitPerAuthor) announcements are listed, "
          + "\(AnnouncementView.limit) in all: older ones that still hold may be missing here")
    }
  }
}

/// What `network` commands print.
struct NetworkView: Encodable {
  var admission: Policy
  /// Only where the node runs.
  var announcements: [AnnouncementView]?
  var createdMilliseconds: Int64
  var data: String
  var founders: [NodeID]
  var isFounder: Bool
  /// Until when the others let this node in who do not know it yet; absent for a founder.
  var joinableUntilMilliseconds: Int64?
  /// Only where the node runs.
  var membersByState: [String: Int]?
  var name: String
  var network: NetworkID
  var node: NodeID
  var seeds: [Invitation.Seed]

  struct Policy: Encodable {
    var allowList: Bool
    var invitation: Bool
    var vote: Bool

    init(_ policy: Genesis.AdmissionPolicy) {
      (allowList, invitation, vote) = (policy.allowList, policy.invitation, policy.vote)
    }

    var words: [String] {
      (invitation ? ["invitation"] : []) + (allowList ? ["allow-list"] : []) + (vote ? ["vote"] : [])
    }
  }

  init(_ file: NetworkFile, _ folder: DataFolder) throws {
    let genesis = file.membership.genesis
    admission = Policy(genesis.admission)
    createdMilliseconds = genesis.createdMilliseconds
    data = folder.path
    founders = genesis.founders.map { NodeID(rootKey: $0) }.sorted()
    node = file.membership.certificate.statement.author
    isFounder = genesis.founded(by: node)
    joinableUntilMilliseconds = AdmissionView(file.membership.admission).joinableUntilMilliseconds
    name = genesis.name
    network = try genesis.networkID()
    seeds = file.seeds
  }

  /// - Parameter id: whether a table is the id alone, as after an act.
  func print(_ output: OutputOptions, id: Bool) async throws {
    try await output.print(name: { $0.network.hexadecimal }, table: { id ? $0.network.hexadecimal : $0.table(output) })
    { self }
  }

  /// Whether the node may have left out some because it lists no more.
  var mayLackAnnouncements: Bool {
    let counts = Dictionary(grouping: announcements ?? [], by: \.author).mapValues(\.count)
    return (announcements?.count ?? 0) >= AnnouncementView.limit
      || counts.values.contains { $0 >= AnnouncementView.limitPerAuthor }
  }

  private func table(_ output: OutputOptions) -> String {
    facts([
      ("Network", network.hexadecimal), ("Name", name), ("Created", HumanText.dateAndClock(createdMilliseconds)),
      ("Admission", policy), ("Founders", founders.map { output.text($0.digest) }.joined(separator: ", ")),
      ("Seeds", seeds.map { "\(output.text($0.node.digest)) at \($0.address)" }.joined(separator: ", ")),
      ("This node", "\(node.hexadecimal)\(isFounder ? ", a founder" : "")"),
      ("May join", joinableUntilMilliseconds.map(Self.joining) ?? ""),
      ("Members", members),
    ]) + news(wide: output.format == .wide)
  }

  private static func joining(until milliseconds: Int64) -> String {
    let date = HumanText.dateAndClock(milliseconds)
    return milliseconds < HumanText.now() ? "no more, since \(date); a member stays" : "until \(date); a member stays"
  }

  private var policy: String {
    let ways = admission.words
    return ways.isEmpty ? "founders only" : ways.joined(separator: ", ")
  }

  private var members: String {
    (membersByState ?? [:]).filter { $0.value > 0 }.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
      .joined(separator: ", ")
  }

  private func news(wide: Bool) -> String {
    guard let announcements, !announcements.isEmpty else { return "" }
    return "\n"
      + Listing<AnnouncementView>(
        nothing: "", name: { $0.trace.hexadecimal },
        columns: [
          .node("ANNOUNCED BY", { $0.author }, name: { $0.authorName }),
          Column("AGE") { $0.receivedMilliseconds.map(HumanText.age) ?? "before the start" },
          Column("HOLDS") { HumanText.duration($0.expiresMilliseconds - HumanText.now()) },
          .id("TRACE") { $0.trace.digest },
          Column("TEXT") { $0.text },
        ]
      ).table(announcements, wide: wide)
  }
}
