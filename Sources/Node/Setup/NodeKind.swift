public import Model

/// What kind of cloud a node stands for, with the most that `node init` offers for it: never more than the machine has.
public enum NodeKind: String, Codable, Sendable, CaseIterable {
  case supercomputing, ai, `public`, central, edge, micro
  /// Offers nothing, and only asks.
  case virtual

  /// The most of a machine that is offered at first; the owner may write any other amounts into node.yaml.
  public var preset: Amounts {
    switch self {
    case .supercomputing: Amounts(cpuMillicores: 64_000, memoryBytes: 256 << 30)
    case .ai: Amounts(cpuMillicores: 32_000, memoryBytes: 128 << 30)
    case .public: Amounts(cpuMillicores: 16_000, memoryBytes: 64 << 30)
    case .central: Amounts(cpuMillicores: 8_000, memoryBytes: 32 << 30)
    case .edge: Amounts(cpuMillicores: 2_000, memoryBytes: 4 << 30)
    case .micro: Amounts(cpuMillicores: 500, memoryBytes: 512 << 20)
    case .virtual: .zero
    }
  }

  /// What to offer on a machine that has so much: at most three quarters of its memory.
  public func offer(onMachineWith machine: Amounts) -> Amounts {
    Amounts(
      cpuMillicores: min(preset.cpuMillicores, machine.cpuMillicores),
      memoryBytes: min(preset.memoryBytes, machine.memoryBytes / 4 * 3))
  }
}
