internal import Coordination
package import Engine
internal import Model
internal import Overlay
internal import Sodium

// What a node's step wants is done here as a machine would do it, each thing after some time.
extension SimulatedNetwork {
  package func perform(_ action: Action, of index: Int) {
    switch action {
    case .dial(let address, let node): dial(address, expecting: node, from: index)
    case .transmit(let link, let bytes, let lane): transmit(bytes, on: link, lane)
    case .close(let link, _): close(link)
    case .sendDatagram(let bytes, let address): sendDatagram(bytes, to: address, from: index)
    case .setTimer(let timer, let delay):
      let number = number()
      nodes[index].timers[timer] = number
      schedule(.timer(timer, number: number), at: index, after: nodes[index].clock.worldWait(for: delay))
    case .present(let record): nodes[index].record = record
    case .wake: schedule(.input(.wake), at: index, after: .zero)
    case .sign(let job, let statement):
      let signature = nodes[index].identity.signingKey.sign(statement.signedBytes)
      schedule(.input(.signed(job, signature)), at: index, after: someMicroseconds())
    case .check(let job, let check):
      schedule(.input(.verified(job, memo.finding(of: check))), at: index, after: someMicroseconds())
    case .fetch(let reference, let holders): fetch(reference, from: holders, to: index)
    case .readSpecification(let reference): readSpecification(reference, at: index)
    case .keep(let reference, let bytes):
      nodes[index].objects[reference.digest] = bytes
      schedule(.input(.object(.arrived(reference))), at: index, after: someMicroseconds())
    case .start(let order): startWork(order, at: index)
    case .cancelWork(let attempt, _): nodes[index].running[attempt] = nil
    case .answer(let id, let answer): nodes[index].answers[id] = answer
    case .notice(let notice): heard(notice, of: index)
    case .admit(let node): nodes[index].admitted.insert(node)
    case .expel(let node): nodes[index].admitted.remove(node)
    case .logRequested(let request, let node): nodes[index].logRequests.append((request, node))
    case .logChunk(let chunk, let node): nodes[index].logChunks.append((chunk, node))
    case .traceRequested(let request, let node):
      let reply = nodes[index].engine.traceReply(to: request, from: node, finished: [])
      if let asker = host(of: node) { send(.traceReply(reply), from: index, to: asker) }
    case .traceReply(let reply, let node): nodes[index].traceReplies.append((reply, node))
    case .hold, .letGo: break
    }
  }

  func someMicroseconds() -> Duration { .microseconds(Int64.random(in: 20...1_500, using: &random)) }

  private func heard(_ notice: NoticeView, of index: Int) {
    if notice.kind == "member.failed", let node = notice.node { judgeRemoval(of: node, by: index) }
    observations.heard(notice, at: index, about: notice.node.flatMap { host(of: $0) }, uptime: now.uptime)
    guard noticesKept > 0 else { return }
    nodes[index].notices.append(notice)
    if nodes[index].notices.count > 2 * noticesKept { nodes[index].notices.removeFirst(noticesKept) }
  }

  /// Who is well is removed only on the words of enough members, or after a suspicion that nobody could settle.
  private func judgeRemoval(of node: NodeID, by index: Int) {
    guard let subject = host(of: node), nodes[subject].isUp, observations.wellbeing.isWell(subject, at: now.uptime),
      let member = nodes[index].engine.overlay.member(node)
    else { return }
    let counts = nodes[index].engine.overlay.memberCounts
    let needed = 1 + min(3, counts[.alive, default: 0] + counts[.suspected, default: 0])
    // What it was held for until now.
    let before = observations.sighting(of: subject, by: index)
    let suspected = before.flatMap { $0.state == .suspected ? now.uptime - $0.since : nil } ?? .zero
    guard member.accusers.count < needed, suspected < .seconds(30), observations.hastyRemovals.count < 1_000 else {
      return
    }
    observations.hastyRemovals.append(FalseDeath(observer: index, subject: subject, at: now.uptime))
  }
}
