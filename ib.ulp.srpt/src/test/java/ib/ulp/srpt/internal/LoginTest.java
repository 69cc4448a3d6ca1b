// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.srp.LoginRejReason;
import ib.srp.SrpLoginReq;
import ib.srp.SrpLoginReqCm;
import ib.srp.SrpLoginRsp;
import ib.srp.SrpOpcode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LoginTest {
  private static Arguments refused(
      String what, LoginRejReason reason, Consumer<MemorySegment> change) {
    return Arguments.of(what, reason, change);
  }

  static Stream<Arguments> badLogins() {
    return Stream.of(
        refused(
            "another opcode",
            LoginRejReason.UNABLE_ESTABLISH_CHANNEL,
            iu -> iu.set(ValueLayout.JAVA_BYTE, SrpLoginReqCm.OPCODE_OFFSET, (byte) SrpOpcode.CMD)),
        refused(
            "another target port id",
            LoginRejReason.UNABLE_ASSOCIATE_CHANNEL,
            iu -> SrpLoginReqCm.targetPortId(iu, 0, new byte[16])),
        refused(
            "not in the access list",
            LoginRejReason.CHANNEL_LIMIT,
            iu -> SrpLoginReqCm.initiatorPortId(iu, 0, new byte[16])),
        refused(
            "IUs shorter than SRP has them",
            LoginRejReason.UNABLE_ESTABLISH_CHANNEL,
            iu -> SrpLoginReqCm.maxInitiatorToTarget(iu, 0, 63)),
        refused(
            "IUs of no bytes",
            LoginRejReason.UNABLE_ESTABLISH_CHANNEL,
            iu -> SrpLoginReqCm.maxInitiatorToTarget(iu, 0, 0)),
        refused(
            "IUs longer than we take",
            LoginRejReason.IU_TOO_LONG,
            iu -> SrpLoginReqCm.maxInitiatorToTarget(iu, 0, 0x10000)),
        refused(
            "IUs of 4 GiB",
            LoginRejReason.IU_TOO_LONG,
            iu -> SrpLoginReqCm.maxInitiatorToTarget(iu, 0, 0xFFFF_FFFFL)),
        refused(
            "an unknown descriptor format",
            LoginRejReason.UNSUPPORTED_FORMAT,
            iu -> SrpLoginReqCm.bufferFormats(iu, 0, 0x8006)),
        refused(
            "a reserved multichannel action",
            LoginRejReason.UNABLE_ESTABLISH_CHANNEL,
            iu -> SrpLoginReqCm.flags(iu, 0, 2)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badLogins")
  void shouldRefuseWithTheReason(
      String what, LoginRejReason reason, Consumer<MemorySegment> change) {
    try (Rig rig = new Rig(16, 1 << 20, Set.of(Rig.INITIATOR_ID))) {
      FakeHca hca = rig.plug();
      int before = hca.leftovers();
      FakeInitiator initiator = rig.ask(Rig.INITIATOR_ID, change);
      assertThat(initiator.isRejected()).isTrue();
      assertThat(Rig.reason(initiator)).isEqualTo(reason);
      assertThat(hca.leftovers()).isEqualTo(before);
      assertThat(rig.login().credits.get()).as("a good one after it").isEqualTo(16);
    }
  }

  @Test
  void shouldTakeTheLoginThatLinuxSendsWithImmediateDataOn() {
    try (Rig rig = new Rig()) {
      rig.plug();
      FakeInitiator initiator =
          rig.login(
              Rig.INITIATOR_ID,
              iu -> {
                SrpLoginReqCm.maxInitiatorToTarget(iu, 0, 8276);
                SrpLoginReqCm.flags(iu, 0, SrpLoginReq.IMMEDIATE_DATA);
                SrpLoginReqCm.immediateOffset(iu, 0, 68);
              });
      MemorySegment rsp = MemorySegment.ofArray(initiator.answer());
      assertThat(SrpLoginRsp.flags(rsp, 0) & SrpLoginReq.IMMEDIATE_DATA)
          .as("immediate data is not agreed to")
          .isZero();
    }
  }

  @Test
  void shouldHoldALoginUntilThereIsADevice() {
    try (Rig rig = new Rig()) {
      FakeInitiator initiator = rig.ask(Rig.INITIATOR_ID, iu -> {});
      rig.plug();
      assertThat(initiator.isRejected()).isFalse();
    }
  }

  @Test
  void shouldRefuseALoginForWhichNoDeviceComes() {
    try (Rig rig = new Rig()) {
      FakeInitiator initiator = rig.ask(Rig.INITIATOR_ID, iu -> {});
      assertThat(initiator.isRejected()).isTrue();
      assertThat(Rig.reason(initiator)).isEqualTo(LoginRejReason.INSUFFICIENT_RESOURCES);
    }
  }

  @Test
  void shouldAnswerHeldLoginsWhenItStops() {
    FakeInitiator initiator;
    try (Rig rig = new Rig()) {
      initiator = rig.ask(Rig.INITIATOR_ID, iu -> {});
    }
    assertThat(initiator.answer.isDone()).isTrue();
    assertThat(initiator.isRejected()).isTrue();
  }

  @Test
  void shouldLeaveNothingWhicheverResourceCanNotBeMade() {
    for (int call = 0; call < 3; call++) {
      try (Rig rig = new Rig()) {
        FakeHca hca = rig.plug();
        int before = hca.leftovers();
        long used = rig.pool.usedBytes();
        hca.failAfter(call);
        FakeInitiator initiator = rig.ask(Rig.INITIATOR_ID, iu -> {});
        assertThat(initiator.isRejected()).as("call %s", call).isTrue();
        assertThat(Rig.reason(initiator)).isEqualTo(LoginRejReason.INSUFFICIENT_RESOURCES);
        assertThat(hca.leftovers()).as("call %s", call).isEqualTo(before);
        assertThat(rig.pool.usedBytes()).as("call %s", call).isEqualTo(used);
      }
    }
  }

  @Test
  void shouldLeaveNothingWhenRingsCanNotBeMappedOrAllocated() {
    try (Rig rig = new Rig()) {
      FakeHca hca = rig.plug();
      int before = hca.leftovers();
      long used = rig.pool.usedBytes();
      for (int map = 0; map < 2; map++) {
        hca.ops.failSingleAfter(map);
        assertThat(rig.ask(Rig.INITIATOR_ID, iu -> {}).isRejected()).isTrue();
      }
      // Room for the receive ring, but not for the send ring too.
      rig.pool.limitBytes = used + 24 * 2048 + 100;
      assertThat(rig.ask(Rig.INITIATOR_ID, iu -> {}).isRejected()).isTrue();
      rig.pool.limitBytes = Long.MAX_VALUE;
      assertThat(hca.leftovers()).isEqualTo(before);
      assertThat(rig.pool.usedBytes()).isEqualTo(used);
      rig.login();
    }
  }

  @Test
  void shouldNotTakeADeviceThatHasNoRoom() {
    try (Rig rig = new Rig()) {
      FakeHca hca = rig.device();
      hca.failAfter(1);
      rig.target.bind(hca);
      assertThat(hca.leftovers()).isZero();
      rig.unplug(hca);
    }
  }

  @Test
  void shouldRefuseALoginThatCanNoLongerBeAccepted() {
    try (Rig rig = new Rig()) {
      FakeHca hca = rig.plug();
      int before = hca.leftovers();
      FakeInitiator initiator = new FakeInitiator(Rig.INITIATOR_ID, iu -> {});
      initiator.acceptFails = true;
      rig.target.connectRequest(initiator);
      assertThat(initiator.isRejected()).isTrue();
      assertThat(hca.leftovers()).isEqualTo(before);
    }
  }

  @Test
  void shouldKeepTheOldChannelOfAMultiLoginAndEndThatOfASingleOne() {
    try (Rig rig = new Rig()) {
      rig.plug();
      FakeInitiator first = rig.login();
      FakeInitiator second = rig.login(Rig.INITIATOR_ID, Rig.multi());
      FakeInitiator other = rig.login(Rig.OTHER_ID, iu -> {});
      assertThat(first.qp.open).isTrue();
      assertThat(result(second)).isEqualTo(SrpLoginRsp.RESULT_MAINTAINED);
      FakeInitiator third = rig.login();
      assertThat(result(third)).isEqualTo(SrpLoginRsp.RESULT_TERMINATED);
      assertThat(first.qp.open).isFalse();
      assertThat(second.qp.open).isFalse();
      assertThat(other.qp.open).as("another nexus").isTrue();
      assertThat(first.disconnects.get()).isEqualTo(1);
    }
  }

  private static int result(FakeInitiator initiator) {
    return SrpLoginRsp.flags(MemorySegment.ofArray(initiator.answer()), 0) & 3;
  }

  @Test
  void shouldRefuseTooManyChannelsButLetASingleLoginReplaceThem() {
    try (Rig rig = new Rig(2, 1 << 20, Set.of())) {
      rig.plug();
      for (int i = 0; i < 256; i++) {
        rig.login(Rig.INITIATOR_ID, Rig.multi());
      }
      FakeInitiator refused = rig.ask(Rig.INITIATOR_ID, Rig.multi());
      assertThat(refused.isRejected()).isTrue();
      assertThat(Rig.reason(refused)).isEqualTo(LoginRejReason.INSUFFICIENT_RESOURCES);
      rig.login();
    }
  }

  @Test
  void shouldLowerTheRequestLimitToWhatTheDeviceTakes() {
    try (Rig rig = new Rig(1024, 1 << 20, Set.of())) {
      rig.target.bind(rig.device(64));
      assertThat(rig.login().credits.get()).isBetween(2, 64);
    }
  }

  @Test
  void shouldEndTheChannelWhenThePeerGoes() {
    try (Rig rig = new Rig()) {
      FakeHca hca = rig.plug();
      int before = hca.leftovers();
      FakeInitiator gone = rig.login();
      gone.handler.onDisconnected(gone.connection);
      Rig.await(() -> hca.leftovers() == before, "closed after a disconnect");
      FakeInitiator late = rig.login();
      late.handler.onError(late.connection, "no RTU");
      Rig.await(() -> hca.leftovers() == before, "closed after an error");
      FakeInitiator broken = rig.login();
      broken.qp.breakLink();
      Rig.await(() -> hca.leftovers() == before, "closed after a failed completion");
      FakeInitiator out = rig.login();
      byte[] logout = new byte[16];
      logout[0] = SrpOpcode.I_LOGOUT;
      out.raw(logout);
      Rig.await(() -> hca.leftovers() == before, "closed after a logout");
    }
  }

  @Test
  void shouldTellOfManyRefusalsInOneLineASecond() {
    try (Rig rig = new Rig(16, 1 << 20, Set.of(Rig.INITIATOR_ID))) {
      rig.plug();
      for (int i = 0; i < 50; i++) {
        assertThat(rig.ask(Rig.OTHER_ID, iu -> {}).isRejected()).isTrue();
      }
      rig.skippedNs.addAndGet(TimeUnit.SECONDS.toNanos(2));
      assertThat(rig.ask(Rig.OTHER_ID, iu -> {}).isRejected()).isTrue();
      List<String> lines = rig.log.stream().filter(line -> line.contains("refuses a")).toList();
      // However slow the machine is: far from one for each.
      assertThat(lines).hasSizeBetween(2, 20);
      assertThat(lines.getLast()).contains("more since the last line");
    }
  }
}
