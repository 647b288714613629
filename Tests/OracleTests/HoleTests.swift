import Oracle
import Testing

/// Histories in which every honest node keeps the protocol's rules as they are written.
@Suite struct HoleTests {
  @Test("One liar among four breaks agreement with two election certificates of one term, at two positions")
  func twoBases() throws {
    var play = try Play()
    play.judge.turnedFaulty(play.ids[2])
    let entries = try Self.decideOnSecondBase(&play)
    #expect(Set(play.judge.findings.map(\.rule)) == [.oneBase])
    // Term 6: the first certificate of term 5 is a position (5, 2), above the locks at (5, 1) of those who committed.
    let base = entries.second.at(5)
    play.preVote(6)
    play.choose(6, 2, base, at: [0, 1])
    play.vote(6, 2, base, by: [0, 1, 2])
    play.adopt(6, 2, base, at: [0, 1])
    // Nodes 0 and 1 do not know that node 3 holds a commit certificate.
    play.keep(.dropped(after: 0), at: [0, 1])
    let opening = play.opening(6, by: 2, at: base, after: entries.second)
    for entry in [entries.held, entries.second, opening] { play.keep(entry, at: [0, 1]) }
    play.ack(opening, term: 6, by: [0, 1])
    play.ack(opening, term: 6, by: [2])
    play.prepare(opening, term: 6, at: [0, 1])
    play.confirm(opening, term: 6, by: [0, 1, 2])
    play.commit(opening, term: 6, at: [0, 1])
    play.decide(opening, by: [0, 1])
    // What is lost is found; no honest member broke a rule of its own.
    #expect(
      Set(play.judge.findings.map(\.rule)) == [.oneBase, .electionKeepsDecided, .decidedDropped, .agreement],
      "\(play.judge.findings)")
  }

  @Test("Nobody lies: the end of a joint configuration, proposed before the joint one is decided, breaks agreement")
  func jointUndecided() throws {
    var play = try Play()
    let joint = play.configuration([0, 1, 2, 3], next: [3, 4, 5])
    let later = play.configuration([3, 4, 5])
    play.judge.configured(Play.collaboration, configuration: joint)
    play.judge.configured(Play.collaboration, configuration: later)
    let first = play.entry(configuration: joint)
    let second = play.entry(after: first, configuration: later)
    // Nothing reaches nodes 1, 2 and 3.
    for entry in [first, second] {
      play.keep(entry, at: [0, 4, 5])
      play.propose(entry)
      play.ack(entry, by: [4, 5])
    }
    play.prepare(second, signers: [4, 5], at: [0, 4, 5])
    play.confirm(second, by: [4, 5])
    play.commit(second, signers: [4, 5], at: [0, 4, 5])
    play.decide(second, by: [0, 4, 5])
    // They go on by themselves, a quorum of the only configuration that they know.
    play.preVote(2, by: [1, 2, 3])
    play.choose(2, 1, play.start, at: [1, 2, 3])
    play.vote(2, 1, play.start, by: [1, 2, 3])
    play.adopt(2, 1, play.start, signers: [1, 2, 3], at: [1, 2, 3])
    let opening = play.opening(2, by: 1, at: play.start, after: nil, signers: [1, 2, 3])
    play.round(opening, term: 2, by: 1, nodes: [1, 2, 3], signers: [1, 2, 3])
    // The first of these rules is the oracle's own: the protocol as written does not have it.
    #expect(
      Set(play.judge.findings.map(\.rule)) == [.jointDecided, .electionKeepsDecided, .agreement],
      "\(play.judge.findings)")
  }

  /// Node 2 lies. Term 3: two entries prepared, a certificate that it alone holds. Term 4: node 3 is elected at the
  /// start. Term 5: votes for node 2 at (3, 2), then at (4, 0); on the second, an entry is decided.
  static func decideOnSecondBase(_ play: inout Play) throws -> (held: Play.Made, second: Play.Made) {
    play.elect(2, in: 3, at: play.start, nodes: [0, 1, 2, 3])
    let held = play.opening(3, by: 2, at: play.start, after: nil)
    let second = play.entry(after: held, term: 3)
    for entry in [held, second] {
      play.keep(entry, at: [0, 1])
      play.ack(entry, term: 3, by: [0, 1, 2])
    }
    // Locks of term 3 are at (3, 0), so that both positions are above.
    let low = play.start.at(3)
    play.preVote(4)
    play.choose(4, 3, low, at: [0, 1, 3])
    play.vote(4, 3, low, by: [0, 1, 3])
    play.adopt(4, 3, low, signers: [0, 1, 3], at: [3])
    play.preVote(5)
    play.choose(5, 2, second.at(3), at: [0, 1])
    play.vote(5, 2, second.at(3), by: [0, 1, 2])
    let higher = play.start.at(4)
    play.choose(5, 2, higher, at: [0, 1])
    play.vote(5, 2, higher, by: [0, 1, 2])
    play.adopt(5, 2, higher, at: [0, 1, 3])
    play.keep(.dropped(after: 0), at: [0, 1])
    let decided = play.opening(5, by: 2, at: higher, after: nil)
    play.keep(decided, at: [0, 1, 3])
    play.ack(decided, term: 5, by: [0, 1, 3])
    play.prepare(decided, term: 5, signers: [0, 1, 3], at: [0, 1, 3])
    play.confirm(decided, term: 5, by: [0, 1, 3])
    play.commit(decided, term: 5, signers: [0, 1, 3], at: [3])
    play.decide(decided, by: [3])
    // The certificate that node 2 kept back comes out, alone in a message.
    play.judge.left(
      certificate: play.certificate("vote", play.ballot(5, 2, second.at(3)), [0, 1, 2]), by: play.ids[2])
    return (held, second)
  }
}

extension Play.At {
  func at(_ term: Int) -> Play.At { Play.At(term: term, number: number, head: head) }
}
