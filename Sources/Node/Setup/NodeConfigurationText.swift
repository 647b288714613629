internal import Model

/// The file that `node init` writes: every setting with what it means, so that nobody has to look it up.
extension NodeConfiguration {
  public var text: String {
    """
    # A JointCloud node. `jointcloud node run` reads this at its start; docs/operating.md explains every line.
    name: \(quoted(name))
    # \(NodeKind.allCases.map(\.rawValue).joined(separator: ", "))
    kind: \(kind.rawValue)
    # Who answers for this node.
    owner: \(quoted(owner))
    # What collaborations may use of this machine: cores (2, 0.5 or 500m) and memory (512Mi, 2Gi).
    offer: {cpu: \(offer.cpuMillicores)m, memory: \(offer.memoryBytes >> 20)Mi}
    # Credits for a CPU-second: a contract that pays less is answered by a counter-proposal with this price.
    # Without it the contract's price holds.
    \(priceMicroPerCPUSecond.map { "price: \(credits($0))" } ?? "# price: 0.0001")
    # bubblewrap shuts work in; none runs it as this user, with limits only.
    sandbox: \(sandbox.rawValue)
    # Folders of this machine that work in the sandbox may read besides the system's programs.
    readable: [\(readable.map(quoted).joined(separator: ", "))]
    # local runs commands on this machine, noop does nothing (to measure everything else).
    adapters: [\(adapters.joined(separator: ", "))]
    # What this node decides by itself. Each rule declines what fits it, with a code
    # (CAPACITY, POLICY, DATA, PRICE, MAINTENANCE, TRUST, UNSUPPORTED) and a text, such as
    #   decline: [{work: batch, code: POLICY, text: "no batch work here"}]
    #   decline: [{label: team=red, code: TRUST, text: "not for that team"}]
    # manual: true makes offers wait for `jointcloud offer accept` or `offer decline`.
    policy: {decline: [], manual: \(policy.isManual)}
    # Where other nodes reach this one; port 0 takes that of the last run while it is free, else any.
    listen: \(quoted(listenAddress))
    # Where the HTTP interface listens beside the socket, with the token in keys/api.token.
    \(httpAddress.map { "http: \(quoted($0))" } ?? "# http: \"127.0.0.1:8080\"")
    # \(Self.logLevels.joined(separator: ", "))
    log: \(logLevel)

    """
  }

  private func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }

  private func credits(_ micro: Int) -> String {
    let digits = String(micro % 1_000_000)
    return "\(micro / 1_000_000)." + String(repeating: "0", count: 6 - digits.count) + digits
  }
}
