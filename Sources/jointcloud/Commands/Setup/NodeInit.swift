import ArgumentParser
import Engine
import Model
import Node

struct NodeInit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Make a data folder with new keys and a node.yaml. Prints the node's id.",
    discussion: "Where node.yaml alone is missing it is made anew, and the keys that are there are kept.")
  @OptionGroup var output: OutputOptions
  @Option(help: ArgumentHelp("The folder to make; also JOINTCLOUD_DATA.", valueName: "dir"))
  var data: String?
  @Option(help: "What to call the node.")
  var name: String
  @Option(help: "supercomputing, ai, public, central, edge, micro, or virtual, which offers nothing.")
  var kind = Kind.edge
  @Option(
    help: "Who answers for it; otherwise the user at login (USER or LOGNAME), or the node's name where there is none.")
  var owner: String?
  @Option(help: "CPU to offer, such as 2 or 500m; otherwise what its kind stands for, at most what the machine has.")
  var cpu: String?
  @Option(help: "Memory to offer, such as 512Mi; otherwise likewise.")
  var memory: String?
  @Option(help: "What to ask for a CPU-second, in credits; otherwise the contract's price.")
  var price: String?
  @Option(help: "bubblewrap, or none: work then runs as this user.")
  var sandbox = Sandbox.bubblewrap

  enum Kind: String, ExpressibleByArgument, CaseIterable {
    case supercomputing, ai, `public`, central, edge, micro, virtual
  }

  enum Sandbox: String, ExpressibleByArgument, CaseIterable {
    case bubblewrap, none
  }

  struct Document: Encodable {
    var data: String
    var kind: String
    var name: String
    var node: NodeID
    var offer: Amounts
  }

  func validate() throws {
    for (option, value) in [("--name", name), ("--owner", owner ?? name)] where !NodeName.allows(value) {
      throw ValidationError("\(option) \"\(value)\" must have \(NodeName.rule)")
    }
  }

  func run() async throws {
    var options = DataOptions()
    options.data = data
    let folder = try options.folder()
    guard let kind = NodeKind(rawValue: kind.rawValue),
      let sandbox = NodeConfiguration.Sandbox(rawValue: sandbox.rawValue)
    else { throw Failure(.usage, "this kind of node or sandbox is not known", next: "jointcloud node init --help") }
    var offer = kind.offer(onMachineWith: Machine.amounts())
    if let cpu { offer.cpuMillicores = try Arguments.cpu(cpu, "--cpu") }
    if let memory { offer.memoryBytes = try Arguments.memory(memory, "--memory") }
    Self.warn(of: offer, on: Machine.amounts())
    var configuration = NodeConfiguration(
      name: name, kind: kind, owner: owner ?? Machine.userName() ?? name, offer: offer)
    configuration.sandbox = sandbox
    configuration.priceMicroPerCPUSecond = try price.map { try Arguments.credits($0, "--price") }
    var random = Random.system()
    let hadKeys = folder.hasKeys
    let node = try NodeSetup(folder).initialise(configuration, random: &random)
    let document = Document(data: folder.path, kind: kind.rawValue, name: name, node: node, offer: offer)
    try await output.print(name: { $0.node.hexadecimal }, table: { $0.node.hexadecimal }) { document }
    Output.hint("\(kind.rawValue) node \(name) offers \(HumanText.amounts(offer)); see \(folder.given)/node.yaml")
    if hadKeys { Output.hint("the keys that were here are kept: it is node \(node.short), as before") }
    guard !folder.isInNetwork else { return Output.hint("next: jointcloud node run --data \(folder.typed)") }
    Output.hint(
      "next: jointcloud network create --data \(folder.typed) --name NAME, "
        + "or jointcloud network join --data \(folder.typed) INVITATION")
  }
}

extension NodeInit {
  /// More than there is may be offered, since the owner knows the machine, but hardly on purpose.
  private static func warn(of offer: Amounts, on machine: Amounts) {
    var parts: [String] = []
    if offer.cpuMillicores > machine.cpuMillicores {
      parts.append(
        "\(HumanText.cpu(offer.cpuMillicores)) cpu, and this machine has \(HumanText.cpu(machine.cpuMillicores))")
    }
    if offer.memoryBytes > machine.memoryBytes {
      parts.append(
        "\(HumanText.bytes(offer.memoryBytes)), and this machine has \(HumanText.bytes(machine.memoryBytes))")
    }
    guard !parts.isEmpty else { return }
    Output.hint(
      "warning: the node offers \(parts.joined(separator: "; ")): work that is taken for it will be slow or fail; "
        + "offer in node.yaml says how much")
  }
}

struct NodeIdentifier: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "id", abstract: "Print the id of the node in a data folder; the node need not run.",
    discussion: "A founder lets the node in by it where the network has an allow-list: network allow.")
  @OptionGroup var node: DataOptions
  @OptionGroup var output: OutputOptions

  struct Document: Encodable {
    var data: String
    var node: NodeID
  }

  func run() async throws {
    let folder = try node.folder()
    let document = Document(data: folder.path, node: try NodeSetup(folder).nodeID())
    try await output.print(name: { $0.node.hexadecimal }, table: { $0.node.hexadecimal }) { document }
  }
}
