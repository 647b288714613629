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
    discussion: "Members and announcements are shown where it runs.")
  @OptionGroup var node: NodeOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let folder = try node.folder()
    try folder.requireInitialised()
    var view = try NetworkView(try NetworkFile.read(in: folder), folder)
    do {
      (view.membersByState, view.announcements) = try await node.withNode { client in
        (try await client.status().membersByState, try await client.announcements())
      }
    } catch ClientError.notRunning {}
    try await view.print(output, id: false)
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
  }

  init(_ file: NetworkFile, _ folder: DataFolder) throws {
    let genesis = file.membership.genesis
    admission = Policy(allowList: genesis.admission.allowList, invitation: genesis.admission.invitation)
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
    try await output.print(name: { $0.network.hexadecimal }, table: { id ? $0.network.hexadecimal : $0.table }) { self }
  }

  private var table: String {
    facts([
      ("Network", network.hexadecimal), ("Name", name), ("Created", HumanText.dateAndClock(createdMilliseconds)),
      ("Admission", policy), ("Founders", founders.map(\.short).joined(separator: ", ")),
      ("Seeds", seeds.map { "\($0.node.short) at \($0.address)" }.joined(separator: ", ")),
      ("This node", "\(node.hexadecimal)\(isFounder ? ", a founder" : "")"),
      ("May join", joinableUntilMilliseconds.map { "until \(HumanText.dateAndClock($0)); a member stays" } ?? ""),
      ("Members", members),
    ]) + news
  }

  private var policy: String {
    let ways = (admission.invitation ? ["invitation"] : []) + (admission.allowList ? ["allow-list"] : [])
    return ways.isEmpty ? "founders only" : ways.joined(separator: ", ")
  }

  private var members: String {
    (membersByState ?? [:]).filter { $0.value > 0 }.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
      .joined(separator: ", ")
  }

  private var news: String {
    guard let announcements, !announcements.isEmpty else { return "" }
    return "\n"
      + Listing<AnnouncementView>(
        nothing: "", name: { $0.trace.hexadecimal },
        columns: [
          Column("ANNOUNCED BY") { $0.authorName },
          Column("AGE") { $0.receivedMilliseconds.map(HumanText.age) ?? "before the start" },
          Column("HOLDS") { HumanText.duration($0.expiresMilliseconds - HumanText.now()) },
          Column("TRACE") { $0.trace.short },
          Column("TEXT") { $0.text },
        ]
      ).table(announcements)
  }
}
