import Oracle
import Testing

@Suite struct HonestHistoryTests {
  @Test("A history by the rules has no findings: two terms, a crash, a late node and a request")
  func twoTerms() throws {
    var play = try Play()
    let first = play.entry(body: #"{"request":"r1"}"#)
    play.round(first)
    let lost = play.entry(after: first)
    play.keep(lost, at: [0, 3])
    play.judge.crashed(play.ids[0])
    play.judge.restarted(play.ids[0])
    play.elect(1, in: 2, at: first.at(1))
    play.keep(.dropped(after: 1), at: [0, 3])
    play.judge.mustProgress(
      Play.collaboration, by: .seconds(5), nodes: Array(play.ids.prefix(4)), markers: [Marker("r1")])
    let opening = play.opening(2, by: 1, at: first.at(1), after: first)
    play.round(opening, term: 2, by: 1)
    play.round(play.entry(after: opening, term: 2), term: 2, by: 1)
    play.judge.advance(to: .seconds(6))
    #expect(play.judge.settle(atMost: 0) == [])
  }

  @Test("The founding set changes through a joint configuration")
  func joint() throws {
    var play = try Play()
    let joint = play.configuration([0, 1, 2, 3], next: [2, 3, 4, 5])
    let later = play.configuration([2, 3, 4, 5])
    play.judge.configured(Play.collaboration, configuration: joint)
    play.judge.configured(Play.collaboration, configuration: later)
    let all = [0, 1, 2, 3, 4, 5]
    let first = play.entry()
    play.round(first, nodes: [0, 1, 2, 3])
    play.keep(first, at: [4, 5])
    let second = play.entry(after: first, configuration: joint)
    play.round(second, nodes: all, signers: [0, 1, 2, 3, 4])
    let third = play.entry(after: second, configuration: later)
    play.keep(third, at: all)
    play.propose(third)
    play.ack(third, by: [2, 3, 4, 5])
    play.prepare(third, signers: [2, 3, 4], at: all)
    play.confirm(third, by: [2, 3, 4, 5])
    play.commit(third, signers: [2, 3, 4], at: all)
    play.decide(third, by: all)
    #expect(play.judge.settle(atMost: 0) == [])
  }

  @Test("A joint decision needs a quorum of both sets")
  func jointQuorum() throws {
    var play = try Play()
    let joint = play.configuration([0, 1, 2, 3], next: [2, 3, 4, 5])
    play.judge.configured(Play.collaboration, configuration: joint)
    let first = play.entry(configuration: joint)
    play.keep(first, at: [0])
    play.prepare(first, signers: [0, 1, 2, 3], at: [0])
    #expect(play.judge.findings.map(\.rule) == [.certificate])
  }

  @Test("A call by a person, or a transfer by the coordinator, is grounds for a term")
  func grounds() throws {
    var play = try Play()
    let call = play.signed("election.call", play.leaving(2, #""person":"ann","reason":"slow","#), by: 5)
    play.judge.entered(statement: call.bytes, signature: call.signature, at: play.ids[1])
    play.promise(2, at: [1])
    var other = try Play()
    other.say(
      "election.transfer", other.leaving(2, #""person":"ada","successor":"\#(hexadecimal(other.ids[3]))","#), by: [0])
    other.promise(2, at: [1])
    #expect(play.judge.findings + other.judge.findings == [])
  }

  @Test("Who passes a statement on does not answer for it, and a faulty node answers for nothing")
  func others() throws {
    var play = try Play()
    let ack = play.signed("ack", play.place(play.entry(), 1), by: 3)
    play.judge.left(statement: ack.bytes, signature: ack.signature, by: play.ids[1])
    play.judge.rolledBack(play.ids[3])
    play.judge.left(statement: ack.bytes, signature: ack.signature, by: play.ids[3])
    play.decide(play.entry(), by: [3])
    #expect(play.judge.settle(atMost: 1) == [])
  }

  @Test("A signature is counted whoever sends it, so that liars' certificates are found out by others' statements")
  func relayed() throws {
    var play = try Play()
    for node in 1...3 { play.judge.turnedFaulty(play.ids[node]) }
    for entry in [play.entry(), play.entry(kind: "other")] {
      for author in 1...3 {
        let ack = play.signed("ack", play.place(entry, 1), by: author)
        play.judge.left(statement: ack.bytes, signature: ack.signature, by: play.ids[0])
      }
    }
    #expect(play.judge.findings.map(\.rule) == [.onePrepared])
  }

  @Test("A statement sent late, after the node left the term in which it was made, is in order")
  func late() throws {
    var play = try Play()
    let first = play.entry()
    play.keep(first, at: [0, 1, 2])
    play.prepare(first, at: [2])
    play.preVote(2)
    play.promise(2, at: [2])
    play.ack(first, by: [2])
    play.confirm(first, by: [2])
    #expect(play.judge.findings == [])
  }

  @Test("What is awaited is awaited no more after a fault")
  func disturbed() throws {
    var play = try Play()
    play.judge.mustProgress(Play.collaboration, by: .seconds(1), nodes: play.ids, markers: [Marker("r1")])
    play.judge.disturbed(Play.collaboration)
    play.judge.advance(to: .seconds(2))
    #expect(play.judge.settle(atMost: 0) == [])
  }

  @Test("Findings are bounded, and each place is noted once")
  func bounded() throws {
    var play = try Play(judge: Judge(limit: 2))
    let first = play.entry()
    for _ in 0..<3 { play.ack(first, by: [0, 1, 2]) }
    #expect(play.judge.findings.map(\.rule) == [.ackDurable, .ackDurable])
    #expect(play.judge.counts == [.ackDurable: 3])
    var deaf = try Play(judge: Judge(unchecked: [.ackDurable]))
    deaf.ack(first, by: [0])
    #expect(deaf.judge.findings == [])
  }
}
