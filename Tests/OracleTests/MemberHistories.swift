import Oracle

let votingHistories: [Rule: History] = [
  .promiseFell: { play, broken in
    play.preVote(2)
    play.preVote(3)
    play.promise(3, at: [1])
    play.promise(broken ? 2 : 3, at: [1])
  },
  .promiseGrounds: { play, broken in
    play.preVote(2, by: broken ? [0] : [0, 3])
    // Its own pre-vote need not have left.
    play.promise(2, at: [1])
  },
  .ballotForgotten: { play, broken in
    play.preVote(2)
    play.choose(2, 1, play.start, at: [1])
    if !broken { play.preVote(3) }
    play.promise(broken ? 2 : 3, at: [1])
  },
  .voteOneCandidate: { play, broken in
    play.preVote(2)
    play.preVote(3)
    play.choose(2, 1, play.start, at: [2])
    play.choose(broken ? 2 : 3, 0, play.start, at: [2])
  },
  .voteOnce: { play, broken in
    let first = play.entry()
    play.keep(first, at: [0, 1, 2])
    play.ack(first, by: [0, 1, 2])
    play.preVote(2)
    play.choose(2, 1, play.start, at: [2])
    play.choose(2, 1, broken ? first.at(1) : play.start, at: [2])
  },
  .votePositionFell: { play, broken in
    let first = play.entry()
    play.keep(first, at: [0, 1, 2])
    play.ack(first, by: [0, 1, 2])
    play.preVote(2)
    play.choose(2, 1, broken ? first.at(1) : play.start, at: [2])
    play.choose(2, 1, broken ? play.start : first.at(1), at: [2])
  },
  .voteLock: { play, broken in
    let first = play.entry()
    play.keep(first, at: [0, 1, 2])
    play.prepare(first, at: [2])
    play.preVote(2)
    play.choose(2, 1, broken ? play.start : first.at(1), at: [2])
  },
  .votePosition: { play, broken in
    let first = play.entry()
    play.keep(first, at: [0, 1, 2])
    play.ack(first, by: broken ? [0, 1] : [0, 1, 2])
    play.preVote(2)
    play.choose(2, 1, first.at(1), at: [2])
  },
  .voteDurable: { play, broken in
    play.preVote(2)
    if broken { play.promise(2, at: [2]) } else { play.choose(2, 1, play.start, at: [2]) }
    play.vote(2, 1, play.start, by: [2])
  },
  .voteBelowPromise: { play, broken in
    play.preVote(2)
    play.preVote(3)
    play.choose(2, 1, play.start, at: [2])
    if broken { play.promise(3, at: [2]) }
    play.vote(2, 1, play.start, by: [2])
  },
]

let memberHistories: [Rule: History] = [
  .ackOffice: { play, broken in
    let opening = play.opening(2, by: 1, at: play.start, after: nil)
    play.elect(1, in: 2, at: play.start, nodes: broken ? [] : [2])
    play.keep(opening, at: [2])
    play.ack(opening, term: 2, by: [2])
  },
  .ackDurable: { play, broken in
    // The entry comes when the node has left for term 2 already.
    let first = play.entry()
    if !broken { play.keep(first, at: [2]) }
    play.preVote(2)
    play.promise(2, at: [2])
    if broken { play.keep(first, at: [2]) }
    play.ack(first, by: [2])
  },
  .ackBase: { play, broken in
    let first = play.entry()
    play.keep(first, at: [0, 1, 2])
    play.prepare(first, at: [0, 1, 2])
    play.elect(1, in: 2, at: first.at(1))
    let second = broken ? play.entry(after: first) : play.opening(2, by: 1, at: first.at(1), after: first)
    play.keep(second, at: [2])
    play.ack(second, term: 2, by: [2])
  },
  .ackOneChain: { play, broken in
    let first = play.entry()
    play.keep(first, at: [2])
    play.ack(first, by: [2])
    play.keep(.dropped(after: 0), at: [2])
    let other = broken ? play.entry(kind: "other") : first
    play.keep(other, at: [2])
    let second = play.entry(after: other)
    play.keep(second, at: [2])
    play.ack(second, by: [2])
  },
  .confirmOffice: { play, broken in
    let opening = play.opening(2, by: 1, at: play.start, after: nil)
    play.elect(1, in: 2, at: play.start, nodes: broken ? [0, 1] : [0, 1, 2])
    play.keep(opening, at: [0, 1, 2])
    play.prepare(opening, term: 2, at: [2])
    play.confirm(opening, term: 2, by: [2])
  },
  .confirmCertificate: { play, broken in
    let first = play.entry()
    play.keep(first, at: [2])
    if !broken { play.prepare(first, at: [2]) }
    play.preVote(2)
    play.promise(2, at: [2])
    if broken { play.prepare(first, at: [2]) }
    play.confirm(first, by: [2])
  },
  .confirmOnce: { play, broken in
    let first = play.entry()
    play.keep(first, at: [2])
    play.prepare(first, at: [2])
    play.confirm(first, by: [2])
    play.confirm(broken ? play.entry(kind: "other") : first, by: [2])
  },
  .proposalOffice: { play, broken in
    let opening = play.opening(2, by: 1, at: play.start, after: nil)
    play.elect(1, in: 2, at: play.start)
    play.keep(opening, at: [1, 2])
    play.propose(opening, term: 2, by: broken ? 2 : 1)
  },
  .proposalDurable: { play, broken in
    let first = play.entry()
    play.keep(first, at: [0])
    play.propose(first, kept: !broken)
  },
  .proposalTerm: { play, broken in
    let first = play.entry()
    play.keep(first, at: [1])
    play.prepare(first, at: [1])
    play.elect(1, in: 2, at: first.at(1))
    let opening = play.opening(2, by: 1, at: first.at(1), after: first)
    play.keep(opening, at: [1])
    play.propose(broken ? first : opening, term: 2, by: 1)
  },
  .proposalOnce: { play, broken in
    let first = play.entry()
    play.keep(first, at: [0])
    play.propose(first)
    let other = broken ? play.entry(kind: "other") : first
    play.keep(.dropped(after: 0), at: [0])
    play.keep(other, at: [0])
    play.propose(other)
  },
  .transferOffice: { play, broken in
    play.say(
      "election.transfer", play.leaving(2, #""person":"ada","successor":"\#(hexadecimal(play.ids[3]))","#),
      by: [broken ? 1 : 0])
  },
]
