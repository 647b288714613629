import Oracle
import Sodium
import Testing

/// Other ways to break rules that can be broken in more than one.
@Suite struct VariantTests {
  struct Variant: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let rule: Rule
    let history: @Sendable (inout Play) throws -> Void

    init(_ name: String, _ rule: Rule, _ history: @escaping @Sendable (inout Play) throws -> Void) {
      testDescription = name
      self.rule = rule
      self.history = history
    }
  }

  @Test("Each is found", arguments: chains + members + quorums)
  func found(_ variant: Variant) throws {
    var play = try Play()
    try variant.history(&play)
    let found = play.judge.settle(atMost: 4)
    #expect(found.contains { $0.rule == variant.rule }, "\(found)")
  }

  static let chains = [
    Variant("a term without an opening", .termOpened) { play in
      play.keep(play.entry(term: 2), at: [0])
    },
    Variant("an opening inside of a term", .termOpened) { play in
      play.keep(play.entry(kind: "term.opened"), at: [0])
    },
    Variant("an opening for another term than was voted on", .termOpened) { play in
      let election = text(play.certificate("vote", play.ballot(3, 1, play.start), [0, 1, 2]))
      let coordinator = hexadecimal(play.ids[1])
      play.keep(
        play.entry(
          term: 2, kind: "term.opened",
          body: #"{"cause":{},"coordinator":"\#(coordinator)","election":\#(election),"grounds":{}}"#), at: [0])
    },
    Variant("a coordinator who was not voted for", .termOpened) { play in
      let election = text(play.certificate("vote", play.ballot(2, 1, play.start), [0, 1, 2]))
      let coordinator = hexadecimal(play.ids[3])
      play.keep(
        play.entry(
          term: 2, kind: "term.opened",
          body: #"{"cause":{},"coordinator":"\#(coordinator)","election":\#(election),"grounds":{}}"#), at: [0])
    },
    Variant("an opening without a quorum", .termOpened) { play in
      play.keep(play.opening(2, by: 1, at: play.start, after: nil, signers: [0, 1]), at: [0])
    },
    Variant("an entry of another collaboration", .chainLink) { play in
      play.collaboration = play.ids[5]
      play.keep(play.entry(), at: [0])
    },
    Variant("a configuration that nobody told", .configurationStep) { play in
      play.keep(play.entry(configuration: play.configuration([0, 1])), at: [0])
    },
    Variant("an opening at another number than the election's", .termOpened) { play in
      let first = play.entry()
      play.keep(first, at: [0])
      play.keep(
        play.opening(2, by: 1, at: Play.At(term: 1, number: 5, head: first.hash), after: first), at: [0])
    },
    Variant("a drop of what the node has a commit certificate for, and acted on nowhere", .decidedDropped) { play in
      let first = play.entry()
      play.keep(first, at: [1])
      play.commit(first, at: [1])
      play.keep(.dropped(after: 0), at: [1])
    },
    Variant("an entry over one that is there", .chainLink) { play in
      play.keep(play.entry(), at: [0])
      play.keep(play.entry(kind: "other"), at: [0])
    },
    Variant("work on an entry that is not there", .workDecided) { play in
      let first = play.entry()
      play.commit(first, at: [1])
      play.judge.started(Play.collaboration, assignedBy: 1, by: play.ids[1])
    },
    Variant("a claim of another head than the certificate's", .decidedCertificate) { play in
      let first = play.entry()
      play.keep(first, at: [1])
      play.commit(play.entry(kind: "other"), at: [1])
      play.decide(first, by: [1])
    },
    Variant("a claim without the entries", .decidedCertificate) { play in
      let first = play.entry()
      play.commit(first, at: [1])
      play.decide(first, by: [1])
    },
    Variant("a claim that another configuration's voters confirmed", .decidedCertificate) { play in
      let other = play.configuration([1, 2, 3])
      play.judge.configured(Play.collaboration, configuration: other)
      let first = play.entry()
      let lie = play.entry(configuration: other).configuration
      play.commit(
        Play.Made(bytes: first.bytes, hash: first.hash, number: 1, term: 1, configuration: lie), signers: [1, 2],
        at: [1])
      play.keep(first, at: [1])
      play.decide(first, by: [1])
    },
  ]

  static let members = [
    Variant("an ack of an entry that is gone", .ackDurable) { play in
      let first = play.entry()
      play.keep(first, at: [2])
      play.keep(.dropped(after: 0), at: [2])
      play.ack(first, by: [2])
    },
    Variant("an ack below the term's position", .ackBase) { play in
      let first = play.entry()
      let second = play.entry(after: first)
      for entry in [first, second] {
        play.keep(entry, at: [0, 1, 2])
        play.prepare(entry, at: [0, 1, 2])
      }
      play.elect(1, in: 2, at: second.at(1))
      play.ack(first, term: 2, by: [2])
    },
    Variant("an ack of another entry at the term's position", .ackBase) { play in
      let first = play.entry()
      play.keep(first, at: [0, 1, 3])
      play.ack(first, by: [0, 1, 3])
      let other = play.entry(kind: "other")
      play.keep(other, at: [2])
      play.elect(1, in: 2, at: first.at(1))
      play.ack(other, term: 2, by: [2])
    },
    Variant("an ack with an entry of an earlier term above the term's position", .ackBase) { play in
      let first = play.entry()
      play.keep(first, at: [0, 1, 2])
      play.ack(first, by: [0, 1, 2])
      play.elect(1, in: 2, at: first.at(1))
      let second = play.entry(after: first)
      let third = play.opening(2, by: 1, at: first.at(1), after: second)
      play.keep(second, at: [2])
      play.keep(third, at: [2])
      play.ack(third, term: 2, by: [2])
    },
    Variant("acks of two chains, a shorter one between", .ackOneChain) { play in
      let first = play.entry()
      let second = play.entry(after: first)
      let other = play.entry(after: first, kind: "other")
      play.keep(first, at: [2])
      play.keep(second, at: [2])
      play.ack(second, by: [2])
      play.ack(first, by: [2])
      play.keep(.dropped(after: 1), at: [2])
      play.keep(other, at: [2])
      play.ack(other, by: [2])
    },
    Variant("a second vote at the same place for another head", .votePositionFell) { play in
      play.preVote(2)
      play.choose(2, 1, play.entry().at(1), at: [2])
      play.choose(2, 1, play.entry(kind: "other").at(1), at: [2])
    },
    Variant("a confirm with the prepare certificate of another head", .confirmCertificate) { play in
      let first = play.entry()
      play.keep(first, at: [2])
      play.prepare(play.entry(kind: "other"), at: [2])
      play.confirm(first, by: [2])
    },
    Variant("a vote at a position of the vote's own term", .votePosition) { play in
      play.elect(1, in: 2, at: play.start, nodes: [])
      play.choose(2, 1, play.start.at(2), at: [3])
    },
    Variant("acks of two chains, the longer first", .ackOneChain) { play in
      let first = play.entry()
      let second = play.entry(after: first)
      play.keep(first, at: [2])
      play.keep(second, at: [2])
      play.ack(second, by: [2])
      play.judge.crashed(play.ids[2])
      play.judge.restarted(play.ids[2])
      play.keep(.dropped(after: 0), at: [2])
      let other = play.entry(kind: "other")
      play.keep(other, at: [2])
      play.ack(other, by: [2])
    },
    Variant("a vote at the lock's place for another head", .voteLock) { play in
      let first = play.entry()
      play.prepare(first, at: [2])
      play.preVote(2)
      play.choose(2, 1, play.entry(kind: "other").at(1), at: [2])
    },
    Variant("a vote below the base of an adopted election", .voteLock) { play in
      play.elect(1, in: 2, at: play.start)
      play.preVote(3)
      play.choose(3, 1, play.start, at: [2])
    },
    Variant("an election of an earlier term adopted", .promiseFell) { play in
      play.preVote(3)
      play.promise(3, at: [3])
      play.elect(1, in: 2, at: play.start)
    },
    Variant("a transfer by who is no coordinator is no grounds", .promiseGrounds) { play in
      play.judge.turnedFaulty(play.ids[3])
      play.say(
        "election.transfer", play.leaving(2, #""person":"ada","successor":"\#(hexadecimal(play.ids[3]))","#), by: [3])
      play.promise(2, at: [1])
    },
    Variant("a proposal of another kept as the coordinator's", .proposalOffice) { play in
      play.judge.turnedFaulty(play.ids[3])
      let first = play.entry()
      let body =
        #"{"configuration":"\#(hexadecimal(first.configuration))","first":1,"head":"\#(hexadecimal(first.hash))","#
        + #""last":1,"term":1}"#
      let proposal = play.signed("proposal", body, by: 3)
      play.keep(.proposal(statement: proposal.bytes, signature: proposal.signature), at: [1])
    },
    Variant("a proposal before its entries are durable", .proposalDurable) { play in
      play.propose(play.entry())
    },
    Variant("another epoch than the configuration's", .foreign) { play in
      play.judge.knows(node: play.ids[1], epoch: 2, key: play.keys[1].verificationKey.bytes)
      play.epoch = 2
      play.preVote(2, by: [1])
    },
    Variant("a statement of an unknown collaboration", .foreign) { play in
      play.collaboration = play.ids[5]
      play.preVote(2, by: [1])
    },
    Variant("a write while down", .silentWhileDown) { play in
      play.judge.crashed(play.ids[1])
      play.keep(play.entry(), at: [1])
    },
  ]

  static let quorums = [
    Variant("a certificate that leaves without its quorum", .certificate) { play in
      play.judge.left(certificate: play.certificate("confirm", play.place(play.entry(), 1), [0, 1]), by: play.ids[1])
    },
    Variant("a certificate of another network", .certificate) { play in
      play.network = play.ids[5]
      play.judge.left(
        certificate: play.certificate("confirm", play.place(play.entry(), 1), [0, 1, 2]), by: play.ids[1])
    },
    Variant("a claim of another entry than a quorum confirmed", .agreement) { play in
      play.judge.turnedFaulty(play.ids[0])
      let other = play.place(play.entry(kind: "other"), 1)
      play.judge.left(certificate: play.certificate("confirm", other, [0, 1, 2]), by: play.ids[0])
      let first = play.entry()
      play.keep(first, at: [3])
      play.decide(first, by: [3])
    },
    Variant("a quorum that confirms another entry than a node claimed", .agreement) { play in
      play.judge.turnedFaulty(play.ids[0])
      let first = play.entry()
      play.keep(first, at: [3])
      play.decide(first, by: [3])
      let other = play.place(play.entry(kind: "other"), 1)
      play.judge.left(certificate: play.certificate("confirm", other, [0, 1, 2]), by: play.ids[0])
    },
    Variant("a signer twice", .canonical) { play in
      play.judge.left(
        certificate: play.certificate("confirm", play.place(play.entry(), 1), [0, 1, 1]), by: play.ids[1])
    },
    Variant("a signer who does not vote", .certificate) { play in
      play.judge.left(
        certificate: play.certificate("confirm", play.place(play.entry(), 1), [0, 1, 2, 4]), by: play.ids[1])
    },
    Variant("a certificate of another purpose kept as a decision", .certificate) { play in
      let first = play.entry()
      play.keep(first, at: [1])
      play.keep(.decision(play.certificate("ack", play.place(first, 1), [0, 1, 2])), at: [1])
    },
    Variant("two certificates by liars commit two heads", .agreement) { play in
      for node in 0..<4 { play.judge.turnedFaulty(play.ids[node]) }
      for entry in [play.entry(), play.entry(kind: "other")] {
        play.judge.left(certificate: play.certificate("confirm", play.place(entry, 1), [0, 1, 2]), by: play.ids[1])
      }
    },
    Variant("a commit of an earlier term after an election without it", .electionKeepsDecided) { play in
      play.elect(1, in: 2, at: play.start)
      for node in 0..<4 { play.judge.turnedFaulty(play.ids[node]) }
      play.confirm(play.entry(), by: [0, 1, 2])
    },
    Variant("two candidates with a quorum of votes, and no certificate", .oneElected) { play in
      for node in 0..<4 { play.judge.turnedFaulty(play.ids[node]) }
      play.vote(2, 1, play.start, by: [0, 1, 2])
      play.vote(2, 3, play.start, by: [1, 2, 3])
    },
  ]
}
