internal import Engine
internal import Model

// The acts of a scenario.
extension ScenarioRun {
  func perform(_ act: ScenarioAct) {
    switch act {
    case .begin(let chosen):
      for index in indices(chosen) where !network.nodes[index].isUp {
        attempt("node \(index) does not start") { try network.boot(index) }
      }
    case .broadcast(let from, let count, let interval, let label):
      repeating(every: interval, times: count) { run, number in run.broadcast("\(label)-\(number)", from: from) }
    case .restart(let chosen): for index in indices(chosen) { network.restart(index, after: .zero) }
    case .clone(let index): attempt("node \(index) cannot be cloned") { try network.clone(index) }
    case .damage(let fault, let permille): damage(fault, permille)
    case .crash, .pause, .resume, .leave, .stepClock, .driftClock, .isolate, .rejoin: performOnEach(act)
    case .cut(let from, let to, let oneWay):
      if oneWay { network.cut(from: from, to: to) } else { network.cut(from, to) }
    case .cutDatagrams(let from, let to): network.cutDatagrams(from: from, to: to)
    case .heal(let from, let to): network.heal(from, to)
    case .slow(let from, let to, let delay):
      for path in [Path(from: from, to: to), Path(from: to, to: from)] { network.latencies.added[path] = delay }
    case .partition(let groups): network.partition(groups)
    case .healAll: network.healAll()
    case .churn(let interval, let length, let down): churn(every: interval, for: length, down: down)
    case .disk(let act): perform(act)
    case .capture(let byteLimit): network.beginCapture(byteLimit: byteLimit)
    case .replay(let length):
      stopCapture()
      if let captured { network.replayDatagrams(captured, over: length) }
    case .replayGreetings:
      stopCapture()
      if let captured { network.replayGreetings(captured) }
    case .garbage(let to, let perSecond, let length): garbage(to: to, perSecond: perSecond, for: length)
    case .withhold(let index):
      network.observations.wellbeing.struck(index, by: .hostile)
      network.withholdFacts(at: index)
    case .alter(let index, let permille):
      network.observations.wellbeing.struck(index, by: .hostile)
      network.alterFacts(at: index, permille: permille)
    case .behave(let index):
      network.observations.wellbeing.recovered(index, from: .hostile, at: network.now.uptime)
      network.behave(index)
    case .lie(let liar, let victims, let perSecond, let length):
      network.observations.wellbeing.struck(liar, by: .hostile)
      repeating(every: .seconds(1) / perSecond, times: Int(length / .seconds(1)) * perSecond) { run, _ in
        run.attempt("node \(liar) cannot lie") {
          try run.network.accuse(victims, by: liar, tellingTo: run.network.live)
        }
      }
    case .flood(let flooder, let perSecond, let length):
      network.observations.wellbeing.struck(flooder, by: .hostile)
      repeating(every: .seconds(1) / perSecond, times: Int(length / .seconds(1)) * perSecond) { run, number in
        run.attempt("node \(flooder) cannot flood") { try run.network.flood("flood \(number)", by: flooder) }
      }
    }
  }

  private func performOnEach(_ act: ScenarioAct) {
    switch act {
    case .crash(let chosen, let silently):
      for index in indices(chosen) { network.crash(index, silently: silently) }
    case .pause(let chosen, let length):
      for index in indices(chosen) {
        network.pause(index)
        if let length { network.act(after: length) { $0.resume(index) } }
      }
    case .resume(let chosen): for index in indices(chosen) { network.resume(index) }
    case .leave(let chosen):
      for index in indices(chosen) { attempt("node \(index) cannot leave") { try network.leave(index) } }
    case .stepClock(let chosen, let milliseconds):
      for index in indices(chosen) { network.stepClock(index, byMilliseconds: milliseconds) }
    case .driftClock(let chosen, let ppm): for index in indices(chosen) { network.driftClock(index, ppm: ppm) }
    case .isolate(let chosen): for index in indices(chosen) { network.isolate(index) }
    case .rejoin(let chosen): for index in indices(chosen) { network.rejoin(index) }
    default: break
    }
  }

  func indices(_ chosen: Chosen) -> [Int] {
    switch chosen {
    case .these(let indices): return indices
    case .any(let count): return Array(network.live.filter { $0 != 0 }.shuffled(using: &dice).prefix(count)).sorted()
    }
  }

  /// Does something so many times, the first at once.
  func repeating(
    every interval: Duration, times: Int, from number: Int = 0, _ body: @escaping (ScenarioRun, Int) -> Void
  ) {
    guard number < times else { return }
    body(self, number)
    network.act(after: interval) { _ in
      self.repeating(every: interval, times: times, from: number + 1, body)
    }
  }

  private func damage(_ fault: ScenarioAct.DatagramFault, _ permille: Int) {
    switch fault {
    case .loss: network.datagramFaults.lossPermille = permille
    case .duplication: network.datagramFaults.duplicationPermille = permille
    case .reordering: network.datagramFaults.reorderingPermille = permille
    case .corruption: network.datagramFaults.corruptionPermille = permille
    }
  }

  private func churn(every interval: Duration, for length: Duration, down: Duration) {
    repeating(every: interval, times: Int(length / interval)) { run, _ in
      guard let index = run.network.live.filter({ $0 != 0 }).randomElement(using: &run.dice) else { return }
      if Bool.random(using: &run.dice) {
        run.network.crash(index)
      } else {
        run.attempt("node \(index) cannot leave") { try run.network.leave(index) }
      }
      run.network.restart(index, after: down)
    }
  }

  private func stopCapture() {
    if let ended = network.endCapture() { captured = ended }
  }

  private func garbage(to index: Int, perSecond: Int, for length: Duration) {
    repeating(every: .seconds(1) / perSecond, times: Int(length / .seconds(1)) * perSecond) { run, number in
      let bytes = run.dice.bytes(Int.random(in: 0...1_500, using: &run.dice))
      run.network.sendDatagram(
        bytes, to: run.network.nodes[index].address, fromOutside: "outside-\(number % 64):9")
    }
  }
}
