import ArgumentParser
import Engine
import Interface
import Model

struct MemberCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "member", abstract: "The nodes of the network, as this one sees them.",
    subcommands: [List.self, Show.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List all nodes that are known, failed ones too.")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var again: Repetition

    func run() async throws {
      try await node.withNode { client in
        try await output.print(members, again: again) { try await client.members() }
      }
    }

    private var members: Listing<MemberView> {
      Listing(
        nothing: "no members are known yet", name: { $0.node.hexadecimal },
        columns: [
          .id("NODE") { $0.node.digest },
          Column("NAME") { $0.name + ($0.isSelf ? " (this)" : "") },
          Column("KIND") { $0.kind },
          .state("STATE") { $0.state },
          Column("SINCE") { HumanText.age($0.sinceMilliseconds) },
          Column("ROUND TRIP") { $0.roundTripMicroseconds.map(HumanText.duration(microseconds:)) ?? "-" },
          Column("LINK") { $0.isSelf ? "-" : $0.linked ? "up" : "down" },
          Column("ADDRESSES", wide: true) { $0.addresses.joined(separator: " ") },
        ],
        steady: { member in
          var steady = member
          steady.roundTripMicroseconds = nil
          return steady
        })
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show everything that is known of one node.")
    @OptionGroup var node: NodeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var again: Repetition
    @Argument(help: "Its id, the start of it, its name, or last: the one whose state changed last.")
    var member: String

    func run() async throws {
      try await node.withNode { client in
        let id = try await client.memberID(member)
        try await output.print(name: { $0.member.node.hexadecimal }, table: table, again: again) {
          try await client.member(id)
        }
      }
    }

    private func table(_ detail: MemberDetailView) -> String {
      let member = detail.member
      return facts([
        ("Node", member.node.hexadecimal + (member.isSelf ? " (this)" : "")), ("Name", member.name),
        ("Kind", member.kind), ("Owner", detail.owner ?? ""),
        ("State", "\(member.state) for \(HumanText.age(member.sinceMilliseconds))"),
        ("Accused by", detail.accusers.map { "\($0.name) (\(output.text($0.node.digest)))" }.joined(separator: ", ")),
        ("Last heard", detail.lastHeardMilliseconds.map { "\(HumanText.age($0)) ago" } ?? ""),
        ("Round trip", member.roundTripMicroseconds.map(HumanText.duration(microseconds:)) ?? ""),
        ("Link", member.isSelf ? "" : member.linked ? "up" : "down"),
        ("Addresses", member.addresses.joined(separator: " ")),
        ("Started", HumanText.dateAndClock(detail.startedMilliseconds)), ("Epoch", "\(detail.epoch)"),
        ("Incarnation", "\(detail.incarnation)"),
        ("Datagram key", "since \(HumanText.dateAndClock(detail.datagramKeyMilliseconds))"),
        ("Admission", admission(detail.admission)),
      ])
    }

    private func admission(_ admission: AdmissionView) -> String {
      let how =
        switch admission.way {
        case .founder: "founder"
        case .invitation: "invited"
        case .allowList: "allowed by its id"
        case .vote: "let in by vote"
        }
      let until = admission.joinableUntilMilliseconds.map { ", to join until \(HumanText.dateAndClock($0))" } ?? ""
      return how + (admission.by.map { " by \(output.text($0.digest))" } ?? "") + until
    }
  }
}
