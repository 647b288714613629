import Model
import Wire

import struct FoundationEssentials.Data

// Traces and figures as frames; texts are cut to their limits on both sides.
extension WireTraceRequest {
  init(_ request: PeerMessage.TraceRequest) {
    self.init()
    number = request.number
    trace = Data(request.trace.digest.bytes)
  }

  func request() throws(FrameError) -> PeerMessage.TraceRequest {
    PeerMessage.TraceRequest(number: number, trace: TraceID(try Digest(wire: trace)))
  }
}

extension WireTraceReply {
  init(_ reply: PeerMessage.TraceReply) {
    self.init()
    number = reply.number
    hops = reply.hops.prefix(PeerMessage.TraceReply.hopLimit).map(WireTraceHop.init)
    problem = (reply.problem ?? "").utf8Prefix(PeerMessage.TraceHop.detailByteLimit)
  }

  func reply() throws(FrameError) -> PeerMessage.TraceReply {
    guard hops.count <= PeerMessage.TraceReply.hopLimit else { throw FrameError(what: "trace") }
    var read: [PeerMessage.TraceHop] = []
    for hop in hops { read.append(try hop.hop()) }
    return PeerMessage.TraceReply(
      number: number, hops: read,
      problem: problem.isEmpty ? nil : problem.utf8Prefix(PeerMessage.TraceHop.detailByteLimit))
  }
}

extension WireTraceHop {
  init(_ hop: PeerMessage.TraceHop) {
    self.init()
    milliseconds = UInt64(clamping: hop.milliseconds)
    plane = hop.plane.utf8Prefix(PeerMessage.TraceHop.wordByteLimit)
    what = hop.what.utf8Prefix(PeerMessage.TraceHop.wordByteLimit)
    detail = hop.detail.utf8Prefix(PeerMessage.TraceHop.detailByteLimit)
    node = Data(hop.node.digest.bytes)
    if let passage = hop.passage {
      via = Data(passage.via.digest.bytes)
      links = UInt32(clamping: passage.links)
    }
  }

  func hop() throws(FrameError) -> PeerMessage.TraceHop {
    guard milliseconds <= UInt64(JSON.integerLimit) else { throw FrameError(what: "number") }
    let passage =
      via.isEmpty ? nil : PeerMessage.TraceHop.Passage(via: NodeID(try Digest(wire: via)), links: Int(links))
    return PeerMessage.TraceHop(
      milliseconds: Int64(milliseconds), plane: plane.utf8Prefix(PeerMessage.TraceHop.wordByteLimit),
      what: what.utf8Prefix(PeerMessage.TraceHop.wordByteLimit),
      detail: detail.utf8Prefix(PeerMessage.TraceHop.detailByteLimit), node: NodeID(try Digest(wire: node)),
      passage: passage)
  }
}

extension WireReport {
  init(_ report: PeerMessage.Report) {
    self.init()
    totalCpuMillicores = UInt64(clamping: report.total.cpuMillicores)
    totalMemoryBytes = UInt64(clamping: report.total.memoryBytes)
    committedCpuMillicores = UInt64(clamping: report.committed.cpuMillicores)
    committedMemoryBytes = UInt64(clamping: report.committed.memoryBytes)
    running = UInt32(clamping: report.running)
    openTasks = UInt32(clamping: report.openTasks)
  }

  func report() throws(FrameError) -> PeerMessage.Report {
    func amounts(_ cpu: UInt64, _ memory: UInt64) throws(FrameError) -> Amounts {
      guard max(cpu, memory) <= UInt64(JSON.integerLimit) else { throw FrameError(what: "number") }
      return Amounts(cpuMillicores: Int(cpu), memoryBytes: Int(memory))
    }
    return PeerMessage.Report(
      total: try amounts(totalCpuMillicores, totalMemoryBytes),
      committed: try amounts(committedCpuMillicores, committedMemoryBytes), running: Int(running),
      openTasks: Int(openTasks))
  }
}
