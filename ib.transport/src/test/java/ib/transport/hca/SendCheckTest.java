// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ib.transport.agent.Agent;
import ib.transport.agent.AgentOptions;
import ib.verbs.FlushLevel;
import ib.verbs.FlushPlacement;
import ib.verbs.QpType;
import ib.verbs.SendWr;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SendCheckTest {
  private static final Set<WrOpcode> ALL = EnumSet.allOf(WrOpcode.class);

  private Agent agent;
  private HcaCommands commands;

  @BeforeEach
  void start() {
    agent = new Agent(AgentOptions.of(0));
    agent.start();
    commands = new HcaCommands("x0", agent, Duration.ofSeconds(30), words -> {});
  }

  @AfterEach
  void stop() {
    agent.close();
  }

  /** Specification table 64, and rxe's {@code rxe_wr_opcode_info}. */
  private static Set<WrOpcode> operationsOf(QpType type) {
    return switch (type) {
      case RC -> ALL;
      case UC ->
          EnumSet.of(
              WrOpcode.SEND,
              WrOpcode.SEND_WITH_IMM,
              WrOpcode.RDMA_WRITE,
              WrOpcode.RDMA_WRITE_WITH_IMM,
              WrOpcode.LOCAL_INV,
              WrOpcode.REG_MR,
              WrOpcode.BIND_MW);
      case UD -> EnumSet.of(WrOpcode.SEND, WrOpcode.SEND_WITH_IMM);
    };
  }

  private static SendWr request(WrOpcode opcode) {
    SendWr wr = new SendWr().reset(1, opcode);
    wr.datagram(InetAddress.getLoopbackAddress(), 2, 3);
    if (opcode.isAtomic() || opcode == WrOpcode.ATOMIC_WRITE) {
      wr.sges().add(0, 8, 0);
    }
    return wr.flush(1, FlushPlacement.GLOBAL, FlushLevel.RANGE);
  }

  @ParameterizedTest
  @EnumSource
  void shouldAdmitTheOperationsOfEachServiceType(QpType type) {
    SendCheck check = new SendCheck(commands, "qp 0x17", type, ALL, 0);
    for (WrOpcode opcode : WrOpcode.values()) {
      if (!operationsOf(type).contains(opcode)) {
        assertThatThrownBy(() -> check.check(request(opcode)))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("qp 0x17 of type " + type + " takes no " + opcode);
      } else if (opcode != WrOpcode.REG_MR && opcode != WrOpcode.BIND_MW) {
        check.check(request(opcode));
      }
    }
  }

  @Test
  void shouldRefuseWhatTheDeviceHasNot() {
    Set<WrOpcode> offered = EnumSet.of(WrOpcode.SEND);
    SendCheck check = new SendCheck(commands, "qp 0x17", QpType.RC, offered, 0);
    check.check(request(WrOpcode.SEND));
    assertThatThrownBy(() -> check.check(request(WrOpcode.RDMA_READ)))
        .hasMessageContaining("takes no RDMA_READ")
        .hasMessageContaining("query");
  }

  @Test
  void shouldTakeInlineDataInPlaceOfElementsOnly() {
    SendCheck check = new SendCheck(commands, "qp 0x17", QpType.RC, ALL, 10);
    MemorySegment data = MemorySegment.ofArray(new byte[11]);
    check.check(request(WrOpcode.SEND).inline(data, 0, 10));
    assertThatThrownBy(() -> check.check(request(WrOpcode.SEND).inline(data, 0, 11)))
        .hasMessageContaining("at most 10 bytes");
    assertThatThrownBy(() -> check.check(request(WrOpcode.RDMA_READ).inline(data, 0, 1)))
        .hasMessageContaining("RDMA_READ");
    SendWr both = request(WrOpcode.SEND).inline(data, 0, 1);
    both.sges().add(0, 1, 0);
    assertThatThrownBy(() -> check.check(both)).hasMessageContaining("no element");
    assertThatThrownBy(() -> new SendWr().inline(data, 0, SendWr.MAX_INLINE_BYTES + 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(both.inlineBytes()).isEqualTo(1);
  }
}
