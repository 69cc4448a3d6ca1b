// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.hw;

import ib.driver.mthca.internal.prm.Be;
import ib.driver.mthca.internal.prm.Command;
import ib.driver.mthca.internal.prm.CommandStatus;
import ib.driver.mthca.internal.prm.QpContext;
import ib.transport.PortQp;
import ib.verbs.QpAttributes;
import ib.verbs.QpType;
import ib.verbs.RdmaException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Commands for queue pairs. A queue pair in RESET is none to the chip. */
final class QpCommands {
  private final InfiniHost chip;

  QpCommands(InfiniHost chip) {
    this.chip = chip;
  }

  long transition(int opcode, int qpn, MemorySegment box) throws CommandFault {
    HwQp qp = chip.qps().get(qpn);
    if (qp == null && (opcode == Command.RST2INIT || opcode == Command.TO_ERR)) {
      return begin(qpn, box);
    }
    if (qp == null || opcode == Command.RST2INIT) {
      throw new CommandFault(
          CommandStatus.BAD_QPEE_STATE,
          "qp 0x" + Integer.toHexString(qpn) + (qp == null ? " is" : " is not") + " in RESET");
    }
    modify(qp, box);
    return 0;
  }

  private long begin(int qpn, MemorySegment box) throws CommandFault {
    if (chip.allQps().size() >= chip.limits().maxQp()) {
      throw new CommandFault(
          CommandStatus.EXCEED_LIM, "all " + chip.limits().maxQp() + " queue pairs are in use");
    }
    HwQp qp = context(qpn, box);
    QpType type = type(QpContext.service(Be.get32(box, QpContext.FLAGS)));
    PortQp made = chip.port().createQp(qpn, type, qp);
    qp.start(made);
    try {
      modify(qp, box);
      chip.groups().begin(qpn, made);
    } catch (CommandFault e) {
      qp.stop();
      throw e;
    } catch (RdmaException e) {
      qp.stop();
      throw new CommandFault(CommandStatus.BAD_QPEE_STATE, String.valueOf(e.getMessage()));
    }
    chip.qps().put(qpn, qp);
    return 0;
  }

  private static QpType type(int service) throws CommandFault {
    return switch (service) {
      case QpContext.ST_RC -> QpType.RC;
      case QpContext.ST_UC -> QpType.UC;
      case QpContext.ST_UD -> QpType.UD;
      default ->
          throw new CommandFault(CommandStatus.BAD_PARAM, "service type " + service + " is none");
    };
  }

  private HwQp context(int qpn, MemorySegment box) throws CommandFault {
    HwQp.Queues queues =
        new HwQp.Queues(
            ring(box, QpContext.SQ_SHAPE, QpContext.SQ_MTT),
            ring(box, QpContext.RQ_SHAPE, QpContext.RQ_MTT),
            chip.record(Be.get32(box, QpContext.SQ_RECORD)),
            chip.record(Be.get32(box, QpContext.SQ_DONE_RECORD)),
            chip.record(Be.get32(box, QpContext.RQ_RECORD)));
    return new HwQp(
        chip,
        qpn,
        Be.get32(box, QpContext.PD),
        Be.get32(box, QpContext.LIFE),
        queues,
        cq(Be.get32(box, QpContext.CQN_SEND)),
        cq(Be.get32(box, QpContext.CQN_RECEIVE)),
        srq(Be.get32(box, QpContext.SRQN)));
  }

  private HwRing ring(MemorySegment box, int shapeAt, int translationAt) throws CommandFault {
    int shape = Be.get32(box, shapeAt);
    return new HwRing(chip.tpt(), Be.get32(box, translationAt), shape >>> 8, shape & 0xFF);
  }

  private @Nullable HwSrq srq(int numberAndOne) throws CommandFault {
    if (numberAndOne == 0) {
      return null;
    }
    HwSrq srq = chip.srqs().get(numberAndOne - 1);
    if (srq == null) {
      throw new CommandFault(
          CommandStatus.BAD_INDEX, "there is no shared receive queue " + (numberAndOne - 1));
    }
    return srq;
  }

  private HwCq cq(int cqn) throws CommandFault {
    HwCq cq = cqn >= 0 && cqn < chip.limits().maxCq() ? chip.cqs().get(cqn) : null;
    if (cq == null) {
      throw new CommandFault(CommandStatus.BAD_INDEX, "there is no completion queue " + cqn);
    }
    return cq;
  }

  private static void modify(HwQp qp, MemorySegment box) throws CommandFault {
    try {
      qp.modify(QpContext.attributes(box));
    } catch (RdmaException e) {
      throw new CommandFault(CommandStatus.BAD_QPEE_STATE, String.valueOf(e.getMessage()));
    }
  }

  long reset(int qpn) {
    HwQp qp = chip.qps().get(qpn);
    if (qp != null) {
      chip.qps().remove(qpn);
      qp.stop();
    }
    return 0;
  }

  void query(int qpn, MemorySegment box) throws CommandFault {
    HwQp qp = chip.qps().get(qpn);
    if (qp == null) {
      throw new CommandFault(
          CommandStatus.BAD_QPEE_STATE, "qp 0x" + Integer.toHexString(qpn) + " is in RESET");
    }
    QpAttributes attributes = qp.query();
    box.fill((byte) 0);
    QpContext.putAttributes(box, attributes);
    Be.put32(box, QpContext.FLAGS, QpContext.flags(attributes.state(), 0));
  }
}
