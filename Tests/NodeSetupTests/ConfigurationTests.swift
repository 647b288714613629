import Contract
import Manifest
import Model
import Node
import Testing

@Suite struct ConfigurationTests {
  private func read(_ text: String) throws -> NodeConfiguration {
    try NodeConfiguration.read(text: text, fileName: "node.yaml")
  }

  @Test(arguments: NodeKind.allCases)
  func whatInitWritesReadsBackTheSame(kind: NodeKind) throws {
    var written = NodeConfiguration(
      name: "alpha", kind: kind, owner: "org.example", offer: kind.offer(onMachineWith: Machine.amounts()))
    written.offer.memoryBytes &= ~0xfffff
    written.priceMicroPerCPUSecond = 1_234_567
    written.readable = ["/opt/tools", "/srv/a \"b\""]
    written.httpAddress = "[::1]:8080"
    #expect(try read(written.text) == written)
  }

  @Test func aPolicyIsReadInFull() throws {
    let configuration = try read(
      """
      name: a
      kind: edge
      offer: {cpu: 500m, memory: 512Mi}
      policy:
        decline: [{work: batch, code: MAINTENANCE, text: later}, {label: team=red, text: not them}]
        manual: true
      """)
    #expect(configuration.offer == Amounts(cpuMillicores: 500, memoryBytes: 512 << 20))
    #expect(configuration.policy.isManual)
    let rules = configuration.policy.decline
    #expect(rules.map(\.code) == [.maintenance, .policy])
    #expect(rules[0].work == "batch" && rules[0].label == nil)
    #expect(rules[1].work == nil && rules[1].label?.key == "team" && rules[1].label?.value == "red")
  }

  @Test(arguments: [
    ("nmae: a\nkind: edge\noffer: {cpu: 1, memory: 1Gi}", "did you mean \"name\"?"),
    ("name: a\nkind: egde\noffer: {cpu: 1, memory: 1Gi}", "did you mean \"edge\"?"),
    ("name: a\nkind: edge\noffer: {cpu: 1 core, memory: 1Gi}", "offer.cpu"),
    ("name: a\nkind: edge\noffer: {cpu: 1, memory: 1GB}", "512Mi"),
    ("name: a/b\nkind: edge\noffer: {cpu: 1, memory: 1Gi}", "is not a name"),
    ("name: a\nkind: edge", "\"offer\" is missing; write offer:"),
    ("name: a\noffer: {cpu: 1, memory: 1Gi}", "\"kind\" is missing; write kind: \(NodeKind.allCases[0].rawValue) or "),
    ("name: a\nkind: edge\noffer: {cpu: 1, memory: 1Gi}\ntimeouts: 1s", "the fields here are name,"),
    ("name: a\nkind: edge\noffer: {cpu: 1, memory: 1Gi}\nlisten: here", "is not an address"),
    ("name: a\nkind: edge\noffer: {cpu: 1, memory: 1Gi}\nreadable: [tools]", "is not an absolute path"),
    ("name: a\nkind: edge\noffer: {cpu: 1, memory: 1Gi}\npolicy: {decline: [{text: all}]}", "fits everything"),
    ("name: a\nkind: edge\noffer: {cpu: 1, memory: 1Gi}\npolicy: {manual: yes}", "true, false"),
    ("name: a\nname: b\nkind: edge\noffer: {cpu: 1, memory: 1Gi}", "stands twice"),
    ("name: &x a\nkind: edge\noffer: {cpu: 1, memory: 1Gi}", "anchors"), ("", "empty"),
  ])
  func whatIsWrongIsNamedWithItsLineAndWhatIsRight(text: String, fault: String) throws {
    let errors = #expect(throws: ManifestErrors.self) { try read(text) }
    #expect(errors?.description.contains(fault) == true, "\(errors?.description ?? "")")
    #expect(errors?.description.hasPrefix("node.yaml:") == true)
  }

  @Test func nothingMoreThanTheMachineHasIsOfferedAtFirst() {
    let machine = Amounts(cpuMillicores: 2_000, memoryBytes: 4 << 30)
    #expect(
      NodeKind.supercomputing.offer(onMachineWith: machine) == Amounts(cpuMillicores: 2_000, memoryBytes: 3 << 30))
    #expect(NodeKind.virtual.offer(onMachineWith: machine).isZero)
  }
}
