internal import Contract
internal import Engine
internal import Foundation
public import Manifest
internal import Model
internal import Overlay

extension NodeConfiguration {
  private static let fields = [
    "name", "kind", "owner", "offer", "price", "sandbox", "readable", "adapters", "policy", "listen", "http", "log",
  ]

  private static let advice = FieldAdvice(missing: { field in
    switch field {
    case "name": "write name: some-name"
    case "kind": "write kind: \(NodeKind.allCases.map(\.rawValue).joined(separator: " or "))"
    case "offer", "cpu", "memory": "write offer: {cpu: 2, memory: 1Gi}; {cpu: 0, memory: 0} offers nothing"
    case "text": "write what a declined coordinator is told: text: why"
    default: nil
    }
  })

  /// Reads node.yaml of a folder. Unknown keys are errors, with what may have been meant.
  ///
  /// - Throws: `Refusal` when the file cannot be read, `ManifestErrors` with everything that is wrong in it.
  public static func read(in folder: DataFolder) throws -> NodeConfiguration {
    try folder.requireInitialised()
    let bytes = try PrivateFile.read(folder.configurationPath, limit: byteLimit)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Refusal(.invalid, "\(folder.configurationPath) is not UTF-8 text", subject: folder.configurationPath)
    }
    let configuration = try read(text: text, fileName: folder.configurationPath)
    try refuseExposing(folder, by: configuration.readable)
    return configuration
  }

  /// Whatever work may read, the keys are never part of it.
  private static func refuseExposing(_ folder: DataFolder, by readable: [String]) throws(Refusal) {
    func components(_ path: String) -> [String] {
      URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.pathComponents
    }
    for path in readable where components(folder.path).starts(with: components(path)) {
      throw Refusal(
        .invalid, "readable: \(path) holds this node's keys, which work would then read", subject: path,
        next: "name folders in \(folder.configurationPath) that do not hold \(folder.path)")
    }
  }

  /// - Throws: `ManifestErrors`.
  public static func read(text: String, fileName: String) throws(ManifestErrors) -> NodeConfiguration {
    let document: Value
    do {
      document = try DocumentParser(fileName: fileName).parse(text)
    } catch {
      throw ManifestErrors([error])
    }
    var reader = FieldReader(advice)
    let configuration = reader.configuration(document, fields: fields)
    guard reader.problems.isEmpty, let configuration else {
      throw ManifestErrors(reader.problems, omitted: reader.omitted)
    }
    return configuration
  }
}

extension FieldReader {
  fileprivate mutating func configuration(_ document: Value, fields allowed: [String]) -> NodeConfiguration? {
    let fields = fields(document, allowed: allowed, required: ["name", "kind", "offer"])
    let name = fields["name"].flatMap { nodeName($0) }
    let kind = fields["kind"].flatMap { choice($0, of: NodeKind.allCases.map(\.rawValue)) }
    let offer = fields["offer"].flatMap { amounts($0) }
    guard let name, let kind = kind.flatMap(NodeKind.init(rawValue:)), let offer else { return nil }
    var configuration = NodeConfiguration(name: name, kind: kind, owner: name, offer: offer)
    if let owner = fields["owner"].flatMap({ nodeName($0) }) { configuration.owner = owner }
    configuration.priceMicroPerCPUSecond = fields["price"].flatMap { price($0) }
    if let sandbox = fields["sandbox"].flatMap({ choice($0, of: NodeConfiguration.Sandbox.allCases.map(\.rawValue)) }) {
      configuration.sandbox = NodeConfiguration.Sandbox(rawValue: sandbox) ?? .bubblewrap
    }
    if let readable = fields["readable"] {
      configuration.readable = list(readable, of: "paths", atMost: 64, mayBeEmpty: true).compactMap { path($0) }
    }
    if let adapters = fields["adapters"] {
      configuration.adapters = list(adapters, of: "adapters", atMost: 8, mayBeEmpty: true)
        .compactMap { choice($0, of: NodeConfiguration.adapterNames) }
    }
    if let policy = fields["policy"] { configuration.policy = self.policy(policy) }
    if let listen = fields["listen"].flatMap({ address($0) }) { configuration.listenAddress = listen }
    configuration.httpAddress = fields["http"].flatMap { address($0) }
    if let level = fields["log"].flatMap({ choice($0, of: NodeConfiguration.logLevels) }) {
      configuration.logLevel = level
    }
    return configuration
  }

  private mutating func nodeName(_ value: Value) -> String? {
    guard let name = text(value, limit: NodeName.byteLimit) else { return nil }
    guard NodeName.allows(name) else {
      report(value, "\"\(name)\" is not a name", NodeName.rule)
      return nil
    }
    return name
  }

  private mutating func amounts(_ value: Value) -> Amounts? {
    let fields = fields(value, allowed: ["cpu", "memory"], required: ["cpu", "memory"])
    guard let cpu = fields["cpu"].flatMap({ millicores($0, in: 0...10_000_000) }),
      let memory = fields["memory"].flatMap({ bytes($0, in: 0...(1 << 50)) })
    else { return nil }
    return Amounts(cpuMillicores: cpu, memoryBytes: memory)
  }

  private mutating func price(_ value: Value) -> Int? { microcredits(value, in: 0...ContractDocument.priceLimit) }

  private mutating func policy(_ value: Value) -> NodeConfiguration.Policy {
    let fields = fields(value, allowed: ["decline", "manual"])
    var policy = NodeConfiguration.Policy(decline: [], isManual: false)
    if let decline = fields["decline"] {
      policy.decline = list(decline, of: "rules", atMost: 100, mayBeEmpty: true).compactMap { rule($0) }
    }
    if let manual = fields["manual"] { policy.isManual = choice(manual, of: ["true", "false"]) == "true" }
    return policy
  }

  private mutating func rule(_ value: Value) -> NodeConfiguration.DeclineRule? {
    let fields = fields(value, allowed: ["work", "label", "code", "text"], required: ["text"])
    guard fields["work"] != nil || fields["label"] != nil else {
      report(value, "the rule fits everything", "name what it declines: work: KIND, label: KEY=VALUE, or both")
      return nil
    }
    let codes = DeclineCode.allCases.map(\.rawValue)
    let code = fields["code"].flatMap { choice($0, of: codes) }.flatMap(DeclineCode.init(rawValue:))
    guard let text = fields["text"].flatMap({ text($0, limit: 500) }) else { return nil }
    return NodeConfiguration.DeclineRule(
      work: fields["work"].flatMap { self.text($0, limit: 63) }, label: fields["label"].flatMap { label($0) },
      code: code ?? .policy, text: text)
  }

  private mutating func label(_ value: Value) -> NodeConfiguration.DeclineRule.Label? {
    guard let text = text(value, limit: 256) else { return nil }
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      report(value, "\"\(text)\" is not a label", "write key=value")
      return nil
    }
    return .init(key: String(text[..<equals]), value: String(text[text.index(after: equals)...]))
  }

  private mutating func path(_ value: Value) -> String? {
    guard let text = text(value, limit: 4_096) else { return nil }
    guard text.hasPrefix("/"), !text.utf8.contains(0) else {
      report(value, "\"\(text)\" is not an absolute path", "write it from the root, such as /opt/tools")
      return nil
    }
    return text
  }

  private mutating func address(_ value: Value) -> String? {
    guard let text = text(value, limit: 262) else { return nil }
    guard HostPort(text) != nil else {
      report(value, "\"\(text)\" is not an address", "write \"HOST:PORT\", such as \"127.0.0.1:0\"")
      return nil
    }
    return text
  }

  private mutating func choice(_ value: Value, of words: [String]) -> String? {
    guard case .text(let text) = value.content, words.contains(text) else {
      let typed: String
      if case .text(let text) = value.content { typed = text } else { typed = "" }
      let meant = Spelling.nearest(to: typed, among: words).map { "did you mean \"\($0)\"? " } ?? ""
      report(
        value, "\(value.described) is none of the choices", "\(meant)write one of \(words.joined(separator: ", "))")
      return nil
    }
    return text
  }
}
