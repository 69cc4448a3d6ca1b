// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.transport.agent.Agent;
import ib.transport.agent.AgentException;
import ib.transport.agent.AgentTask;
import ib.transport.internal.engine.McastGroups;
import ib.transport.internal.engine.PortEngine;
import ib.transport.internal.io.DatagramIo;
import ib.transport.internal.io.DatagramIoFactory;
import ib.transport.internal.io.DatagramIoOpenException;
import ib.transport.internal.io.DatagramIoOptions;
import ib.transport.internal.io.DatagramIoOptions.Mode;
import ib.transport.internal.io.ReceiveBatch;
import ib.transport.wire.Gids;
import ib.transport.wire.IcrcFlow;
import ib.verbs.RdmaException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The multicast groups of a port: a socket for each, bound to the group's address, so that it is
 * known what a datagram was sent to. Agent thread only.
 */
final class GroupSockets implements McastGroups {
  private static final Duration AGENT_WAIT = Duration.ofSeconds(2);
  private static final int BUFFER_BYTES = 1 << 20;

  private final InetAddress own;
  private final Agent agent;
  private final PortEngine engine;
  private final Mode mode;
  private final int mtuBytes;
  private final List<Member> members = new ArrayList<>();

  /**
   * Makes it with no groups.
   *
   * @param mode as of the port's own socket, so that the agent can wait for both
   */
  GroupSockets(InetAddress own, Mode mode, Agent agent, PortEngine engine, int mtuBytes) {
    this.mode = mode;
    this.own = own;
    this.agent = agent;
    this.engine = engine;
    this.mtuBytes = mtuBytes;
  }

  /** One group. */
  private final class Member implements AgentTask {
    private final long high;
    private final long low;
    private final DatagramIo io;
    private final ReceiveBatch received = new ReceiveBatch();
    private boolean broken;

    Member(long high, long low, DatagramIo io) {
      this.high = high;
      this.low = low;
      this.io = io;
    }

    @Override
    public int doWork(long nowNs) {
      if (broken) {
        return 0;
      }
      try {
        int work = io.receive(received);
        while (received.next()) {
          boolean ipv6 = received.sourceIsIpv6();
          engine.receiveMulticast(
              high,
              low,
              ipv6 ? received.sourceV6High() : 0,
              ipv6 ? received.sourceV6Low() : Gids.v4Low(received.sourceV4()),
              received.sourcePort(),
              received.identification(),
              received.trafficClass(),
              received.memory(),
              received.offset(),
              received.length(),
              nowNs);
        }
        return work;
      } catch (IOException e) {
        // Datagrams to the group are lost from now on, as datagrams may be.
        broken = true;
        return 0;
      }
    }

    @Override
    public long nextDeadlineNs() {
      return NO_DEADLINE;
    }

    @Override
    public String toString() {
      return "group " + io;
    }
  }

  @Override
  public void join(long groupHigh, long groupLow) throws RdmaException {
    InetSocketAddress group =
        new InetSocketAddress(Gids.address(groupHigh, groupLow), IcrcFlow.ROCE_PORT);
    DatagramIoOptions options =
        DatagramIoOptions.defaults()
            .withMode(mode)
            .withBuffers(BUFFER_BYTES, BUFFER_BYTES)
            .withSendBatch(1, mtuBytes);
    DatagramIo io;
    try {
      io = DatagramIoFactory.openGroup(group, own, options);
    } catch (DatagramIoOpenException e) {
      throw refused(group, e);
    }
    Member member = new Member(groupHigh, groupLow, io);
    try {
      agent.add(member, AGENT_WAIT, io);
      members.add(member);
    } catch (AgentException | IllegalArgumentException | IllegalStateException e) {
      io.close();
      throw refused(group, e);
    }
  }

  private static RdmaException refused(InetSocketAddress group, Exception e) {
    return new RdmaException("group " + group + " can't be joined: " + e.getMessage(), e);
  }

  @Override
  public void leave(long groupHigh, long groupLow) {
    for (int i = 0; i < members.size(); i++) {
      Member member = members.get(i);
      if (member.high == groupHigh && member.low == groupLow) {
        members.remove(i);
        close(member);
        return;
      }
    }
  }

  private void close(Member member) {
    member.broken = true;
    try {
      agent.remove(member, AGENT_WAIT);
    } catch (AgentException | IllegalStateException e) {
      // The agent has ended; the socket must go all the same.
      member.io.close();
      return;
    }
    member.io.close();
  }

  /** Leaves all groups. On the agent, or once it has ended. */
  void close() {
    members.forEach(this::close);
    members.clear();
  }
}
