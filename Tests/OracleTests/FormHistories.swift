import Oracle

let worldHistories: [Rule: History] = [
  .told: { play, broken in
    play.judge.crashed(broken ? [1] : play.ids[0])
  },
  .faultBudget: { play, broken in
    play.judge.turnedFaulty(play.ids[1])
    if broken { play.judge.rolledBack(play.ids[2]) }
  },
  .progress: { play, broken in
    let first = play.entry()
    play.round(first)
    play.judge.mustProgress(Play.collaboration, by: .seconds(3), nodes: [play.ids[0], play.ids[3]])
    let second = play.entry(after: first)
    play.round(second, nodes: broken ? [0, 1, 2] : [0, 1, 2, 3])
    play.judge.advance(to: .seconds(4))
  },
  .requestLost: { play, broken in
    play.judge.mustProgress(Play.collaboration, by: .seconds(3), nodes: [], markers: [Marker("r1", kind: "task")])
    play.round(play.entry(body: broken ? #"{"request":"r2"}"# : #"{"request":"r1"}"#))
  },
  .requestTwice: { play, broken in
    let first = play.entry(body: #"{"request":["r1"]}"#)
    play.round(first)
    play.round(play.entry(after: first, body: broken ? #"{"request":["r1"]}"# : #"{"request":["r2"]}"#))
    play.judge.mustProgress(
      Play.collaboration, by: .seconds(3), decidedAtLeast: 2, nodes: [play.ids[0]], markers: [Marker("r1")])
  },
]

let formHistories: [Rule: History] = [
  .canonical: { play, broken in
    let first = play.entry(body: broken ? #"{"b":1,"a":2}"# : #"{"a":2,"b":1}"#)
    play.keep(first, at: [0])
  },
  .signature: { play, broken in
    let made = play.signed("preVote", play.leaving(2), by: 1)
    play.judge.left(
      statement: made.bytes, signature: broken ? made.signature.reversed() : made.signature, by: play.ids[1])
  },
  .foreign: { play, broken in
    if broken { play.network = play.ids[0] }
    play.preVote(2, by: [1])
  },
  .silentWhileDown: { play, broken in
    play.judge.crashed(play.ids[1])
    if !broken { play.judge.restarted(play.ids[1]) }
    play.preVote(2, by: [1])
  },
  .certificate: { play, broken in
    let first = play.entry()
    play.keep(first, at: [0])
    play.prepare(first, signers: broken ? [0, 1] : [0, 1, 2], at: [0])
  },
  .namedConfiguration: { play, broken in
    let later = play.configuration([0, 1, 2])
    play.judge.configured(Play.collaboration, configuration: later)
    let first = play.entry()
    play.keep(first, at: [1])
    let named = broken ? play.entry(configuration: later).configuration : first.configuration
    play.ack(
      Play.Made(bytes: first.bytes, hash: first.hash, number: 1, term: 1, configuration: named), by: [1])
  },
]

let electionHistories: [Rule: History] = [
  .electionConfiguration: { play, broken in
    let joint = play.configuration([0, 1, 2, 3], next: [2, 3, 4, 5])
    play.judge.configured(Play.collaboration, configuration: joint)
    let first = play.entry(configuration: broken ? joint : play.founding)
    play.keep(first, at: [0, 1, 2, 3])
    play.ack(first, by: [0, 1, 2, 3])
    if broken { play.keep(first, at: [4, 5]) }
    if broken { play.ack(first, by: [4, 5]) }
    play.preVote(2)
    play.choose(2, 1, first.at(1), at: [2])
    play.vote(2, 1, first.at(1), by: [2])
  }
]

let chainHistories: [Rule: History] = [
  .chainLink: { play, broken in
    let first = play.entry()
    let other = play.entry(kind: "other")
    play.keep(first, at: [0])
    play.keep(play.entry(after: broken ? other : first), at: [0])
  },
  .termOrder: { play, broken in
    let opening = play.opening(2, by: 1, at: play.start, after: nil)
    play.keep(opening, at: [1])
    play.keep(play.entry(after: opening, term: broken ? 1 : 2), at: [1])
  },
  .termOpened: { play, broken in
    // Another entry's place than the election's.
    let first = play.entry()
    play.keep(first, at: [1])
    play.keep(play.opening(2, by: 1, at: broken ? play.start : first.at(1), after: first), at: [1])
  },
  .configurationStep: { play, broken in
    let joint = play.configuration([0, 1, 2, 3], next: [2, 3, 4, 5])
    let later = play.configuration([2, 3, 4, 5])
    play.judge.configured(Play.collaboration, configuration: joint)
    play.judge.configured(Play.collaboration, configuration: later)
    let first = play.entry(configuration: broken ? later : joint)
    play.keep(first, at: [0])
    play.keep(play.entry(after: first, configuration: later), at: [0])
  },
  .jointDecided: { play, broken in
    let joint = play.configuration([0, 1, 2, 3], next: [2, 3, 4, 5])
    let later = play.configuration([2, 3, 4, 5])
    play.judge.configured(Play.collaboration, configuration: joint)
    play.judge.configured(Play.collaboration, configuration: later)
    let first = play.entry(configuration: joint)
    let second = play.entry(after: first, configuration: later)
    play.keep(first, at: [4])
    if !broken { play.commit(first, signers: [0, 1, 2, 3, 4], at: [4]) }
    play.keep(second, at: [4])
    play.ack(second, by: [4])
  },
]

let quorumHistories: [Rule: History] = [
  .onePrepared: { play, broken in
    let first = play.entry()
    let other = play.entry(kind: "other")
    for node in [1, 2, 3] { play.judge.turnedFaulty(play.ids[node]) }
    play.ack(first, by: [1, 2, 3])
    play.ack(other, by: broken ? [1, 2, 3] : [1, 2])
  },
  .oneElected: { play, broken in
    for node in 0..<4 where broken { play.judge.turnedFaulty(play.ids[node]) }
    play.elect(1, in: 2, at: play.start)
    if broken { play.vote(2, 3, play.start, by: [1, 2, 3]) }
  },
  .oneBase: { play, broken in
    let first = play.entry()
    play.keep(first, at: [0, 1, 2, 3])
    play.ack(first, by: [0, 1, 2])
    play.elect(1, in: 2, at: play.start)
    if broken { play.adopt(2, 1, first.at(1), at: [3]) }
  },
  .electionKeepsDecided: { play, broken in
    let first = play.entry()
    play.round(first)
    for node in 0..<4 where broken { play.judge.turnedFaulty(play.ids[node]) }
    play.elect(1, in: 2, at: broken ? play.start : first.at(1))
  },
  .agreement: { play, broken in
    play.round(play.entry(), nodes: [0, 1])
    for node in [0, 1] where broken { play.judge.turnedFaulty(play.ids[node]) }
    play.round(play.entry(kind: broken ? "other" : "task"), nodes: [2, 3])
  },
  .decidedCertificate: { play, broken in
    let first = play.entry()
    play.keep(first, at: [0])
    play.prepare(first, at: [0])
    if !broken { play.commit(first, at: [0]) }
    play.decide(first, by: [0])
  },
  .decidedDropped: { play, broken in
    let first = play.entry()
    play.round(first, nodes: [0, 1, 2])
    play.keep(first, at: [3])
    play.keep(play.entry(after: first), at: [3])
    play.keep(.dropped(after: broken ? 0 : 1), at: [3])
  },
  .workDecided: { play, broken in
    let first = play.entry()
    play.keep(first, at: [1])
    if !broken { play.commit(first, at: [1]) }
    play.judge.started(Play.collaboration, assignedBy: 1, by: play.ids[1])
  },
]
