internal import Contract
internal import Coordination
internal import Engine
internal import Model

// Objects and work, done by the world.
extension SimulatedNetwork {
  func fetch(_ reference: ObjectReference, from holders: [Holder], to index: Int) {
    let found = holders.lazy.compactMap { self.host(of: $0.node) }.first {
      self.nodes[$0].isUp && !self.isCut($0, index) && self.nodes[$0].objects[reference.digest] != nil
    }
    guard let found, let bytes = nodes[found].objects[reference.digest] else {
      let why = holders.isEmpty ? "nobody has it" : "nobody in reach has it"
      return schedule(
        .input(.object(.unavailable(reference, why: why))), at: index, after: someLatency() * 2)
    }
    nodes[index].objects[reference.digest] = bytes
    schedule(.input(.object(.arrived(reference))), at: index, after: latency(found, index, isStream: true) * 2)
  }

  private func someLatency() -> Duration {
    .microseconds(Int64.random(in: latencies.withinZone, using: &random))
  }

  func readSpecification(_ reference: ObjectReference, at index: Int) {
    let specification = nodes[index].objects[reference.digest].flatMap {
      try? CanonicalJSON.decode(TaskSpecification.self, from: $0, limit: TaskSpecification.byteLimit)
    }
    schedule(.input(.object(.specification(reference, specification))), at: index, after: someMicroseconds())
  }

  func startWork(_ order: WorkOrder, at index: Int) {
    guard nodes[index].running[order.attempt] == nil else { return }
    if nodes[index].begun[order.attempt] == nil { nodes[index].order.append(order.attempt) }
    nodes[index].begun[order.attempt, default: 0] += 1
    nodes[index].running[order.attempt] = order
    let all = nodes[index].running.values.reduce(into: Amounts.zero) { $0 += $1.needs }
    nodes[index].peak = Amounts(
      cpuMillicores: max(nodes[index].peak.cpuMillicores, all.cpuMillicores),
      memoryBytes: max(nodes[index].peak.memoryBytes, all.memoryBytes))
    schedule(
      .input(.work(.moved(order.attempt, .running, reason: "", nativeID: "7", nativeState: "R"))), at: index,
      after: someMicroseconds())
    guard let work = work(order, nodes[index]) else { return }
    schedule(.workEnds(order.attempt), at: index, after: .milliseconds(2) + work.duration)
  }

  func endWork(_ attempt: AttemptID, at index: Int) {
    guard let order = nodes[index].running.removeValue(forKey: attempt), let work = work(order, nodes[index]) else {
      return
    }
    let bytes = work.output
    let reference = ObjectReference(of: bytes)
    nodes[index].objects[reference.digest] = bytes
    let inline = bytes.count <= Executor.inlineByteLimit ? SimulatedWork.base64(bytes) : nil
    let result = AttemptResult(
      subtask: attempt.subtask, number: attempt.number, failure: work.failure,
      files: work.failure == nil ? [ResultObject(path: "stdout", content: reference, inline: inline)] : [],
      usage: Usage(cpuMilliseconds: 10, wallMilliseconds: 10, peakMemoryBytes: 1_024), nativeID: "7",
      nativeState: "CD")
    give(.work(.ended(attempt, result)), to: index)
  }
}
