import Coordination
import Engine
import Model

/// Folds what nodes want into one number (FNV-1a), to compare runs with.
struct Fingerprint: Hashable {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
  }

  mutating func add(_ text: String) { add(text.utf8) }
  mutating func add(_ step: UInt64, _ count: Int) { add("transaction \(step) of \(count)") }

  mutating func add(_ node: Int, _ action: Action) {
    add("\(node) ")
    switch action {
    case .dial(let address, let peer): add("dial \(address) \(peer)")
    case .transmit(let link, let bytes, let lane):
      add("transmit \(link) \(lane)")
      add(bytes)
    case .close(let link, let reason): add("close \(link) \(reason)")
    case .admit(let node): add("admit \(node)")
    case .setTimer(let timer, let after): add("timer \(timer) \(after)")
    case .wake: add("wake")
    case .sign(let job, let statement): add("sign \(job.number) \(statement.id)")
    case .check(let job, _): add("check \(job.number)")
    case .fetch(let reference, let holders): add("fetch \(reference.digest) \(holders.map(\.node))")
    case .readSpecification(let reference): add("read \(reference.digest)")
    case .keep(let reference, _): add("keep \(reference.digest)")
    case .start(let order): add("start \(order.attempt)")
    case .cancelWork(let attempt, let reason): add("cancel \(attempt) \(reason)")
    case .answer(let id, _): add("answer \(id.number)")
    case .notice(let notice): add("notice \(notice.kind) \(notice.text)")
    case .logRequested, .logChunk: add("log")
    }
  }
}
