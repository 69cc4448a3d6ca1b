// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.srp.SrpFuzzRun;
import ib.srp.SrpFuzzUnits;
import ib.srp.SrpIu;
import ib.srp.SrpLoginReq;
import ib.srp.SrpLoginReqCm;
import ib.srp.SrpRsp;
import ib.verbs.QpState;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Information units and logins of a hostile initiator against the target, while it serves an honest
 * one. {@code ./ib fuzz --srp} sends more: {@code -Dopenhca.fuzz.units=N -Dopenhca.fuzz.seed=S}.
 *
 * <p>Checked: no job, handler or completion throws; the device sees no local address that is not
 * mapped, no overrun and no use of what is closed ({@link Rig#close}); memory stays flat; the
 * honest initiator is answered all along and in the end reads what it wrote.
 */
class SrpFuzzTest extends SrpFuzzRun {
  private static final int UNITS = 20_000;
  private static final int BATCH = 8;
  private static final int LOOK_EVERY = 512;
  private static final int BLOCKS = 8;
  private static final int BYTES = BLOCKS * FakeInitiator.BLOCK;
  private static final int TRIES = 8;
  private static final long MOST_GROWTH_BYTES = 24L << 20;

  private static final class Attack {
    final Rig rig = new Rig();
    final FakeHca hca = rig.plug();
    final Random random;
    final SrpFuzzUnits units;
    private FakeInitiator honest;
    private FakeInitiator hostile;
    private long nextTag = 1;
    int logins;
    int refused;
    int answered;

    Attack(long seed) {
      random = new Random(seed);
      units = new SrpFuzzUnits(random, FakeInitiator.BASE, FakeInitiator.KEY, 3 << 20);
      hca.lenient = true;
      honest = honestLogin();
      hostile = login();
    }

    private FakeInitiator honestLogin() {
      return rig.login(Rig.OTHER_ID, Rig.multi());
    }

    private FakeInitiator login() {
      logins++;
      return rig.login(Rig.INITIATOR_ID, iu -> {});
    }

    /** A login request that is wrong in something: taken or refused, but answered. */
    private void wrongLogin() {
      boolean[] usurps = new boolean[1];
      FakeInitiator stranger =
          rig.ask(
              Rig.INITIATOR_ID,
              iu -> {
                byte[] wrong = units.mutate(iu.toArray(ValueLayout.JAVA_BYTE));
                byte[] whole = Arrays.copyOf(wrong, (int) iu.byteSize());
                MemorySegment.copy(whole, 0, iu, ValueLayout.JAVA_BYTE, 0, whole.length);
                usurps[0] = usurps(iu);
              });
      if (stranger.isRejected()) {
        refused++;
        return;
      }
      stranger.handler.onDisconnected(stranger.connection);
      if (usurps[0]) {
        assertThat(honest.qp.open).as("login that another of its port id ended").isFalse();
        honest = honestLogin();
      }
    }

    /**
     * Whether a login names the honest initiator's port: by SRP's rules it ends that one's login
     * then, and nothing else may.
     */
    private static boolean usurps(MemorySegment login) {
      String id = HexFormat.of().formatHex(SrpLoginReqCm.initiatorPortId(login, 0));
      int action = SrpLoginReqCm.flags(login, 0) & SrpLoginReq.ACTION_MASK;
      return id.equals(Rig.OTHER_ID) && action == SrpLoginReq.ACTION_SINGLE;
    }

    void send() {
      if (!hostile.qp.open || hostile.qp.state != QpState.RTS) {
        hostile = login();
      }
      if (random.nextInt(100) == 0) {
        wrongLogin();
        return;
      }
      long tag = random.nextInt(16) == 0 ? nextTag : nextTag++;
      hostile.raw(units.ofInitiator(tag, nextTag - random.nextInt(20)));
      if (random.nextInt(300) == 0) {
        hostile.handler.onDisconnected(hostile.connection);
      }
    }

    /** What is no whole unit ends the login, and nothing of it is done. */
    void sendTooShort() {
      if (!hostile.qp.open || hostile.qp.state != QpState.RTS) {
        hostile = login();
      }
      settle();
      byte[] unit = units.tooShort(nextTag++);
      hostile.raw(unit);
      settle();
      assertThat(hostile.qp.open).as("login after a unit of %s bytes", unit.length).isFalse();
    }

    void settle() {
      rig.settle(hca);
      answered += hostile.responses.size();
      hostile.responses.clear();
    }

    /** The honest initiator is answered, though task management of others may abort it. */
    int ask(byte[] iu, long tag) {
      for (byte[] late = honest.responses.poll(); late != null; late = honest.responses.poll()) {
        // Of an earlier try.
        assertThat(late).isNotEmpty();
      }
      assertThat(honest.qp.open).as("login of the honest initiator; log %s", rig.log).isTrue();
      honest.send(iu);
      MemorySegment rsp = honest.response();
      assertThat(SrpIu.tag(rsp, 0)).isEqualTo(tag);
      return SrpRsp.status(rsp, 0);
    }

    private int move(boolean write, int at) {
      long tag = 1_000_000_000_000L + nextTag++;
      FakeInitiator.Desc desc = FakeInitiator.Desc.direct(at, BYTES);
      byte[] cdb = FakeInitiator.rw10(write, 512, BLOCKS);
      FakeInitiator.Desc none = FakeInitiator.Desc.NONE;
      return ask(FakeInitiator.command(tag, 0, cdb, write ? desc : none, write ? none : desc), tag);
    }

    private void moveUntilGood(boolean write, int at) {
      int tries = 0;
      while (move(write, at) != 0) {
        assertThat(++tries).as("tries; log %s", rig.log).isLessThan(TRIES);
      }
    }

    void checkLog() {
      assertThat(rig.log).noneMatch(line -> line.startsWith("error"));
      rig.log.clear();
    }

    void end() {
      hostile.handler.onDisconnected(hostile.connection);
      settle();
      byte[] pattern = new byte[BYTES];
      random.nextBytes(pattern);
      System.arraycopy(pattern, 0, honest.memory, 0, BYTES);
      moveUntilGood(true, 0);
      moveUntilGood(false, BYTES);
      assertThat(Arrays.copyOfRange(honest.memory, BYTES, 2 * BYTES)).isEqualTo(pattern);
    }
  }

  @Test
  void shouldServeWhateverAnInitiatorSends() {
    run(UNITS, this::attack);
  }

  private void attack(long seed, int count) {
    Attack attack = new Attack(seed);
    long began = 0;
    try (Rig rig = attack.rig) {
      for (int i = 1; i <= count; i++) {
        attack.send();
        if (i % BATCH == 0) {
          attack.settle();
        }
        if (i % LOOK_EVERY == 0) {
          attack.sendTooShort();
          attack.moveUntilGood(false, 0);
          attack.checkLog();
          noneUncaught();
          began = i == 2 * LOOK_EVERY ? usedBytes() : began;
        }
      }
      attack.settle();
      assertThat(usedBytes() - began).as("growth").isLessThan(MOST_GROWTH_BYTES);
      attack.end();
      attack.checkLog();
      assertThat(rig.devices).hasSize(1);
    }
    assertThat(attack.answered).isGreaterThan(count / 20);
    assertThat(attack.logins).isGreaterThan(count / 500);
    assertThat(attack.refused).isGreaterThan(count / 1000);
    System.out.printf(
        "%d units of an initiator from seed %d: %d answered, %d logins, %d refused%n",
        count, seed, attack.answered, attack.logins, attack.refused);
  }
}
