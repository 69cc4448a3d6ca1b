// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.block.BlockOperation;
import ib.block.BlockStatus;
import ib.srp.SrpRsp;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScsiTest {
  @ParameterizedTest
  @CsvSource({
    "READ, 1, 8, 28000000000100000800000000000000",
    "WRITE, 4294967288, 8, 2A00FFFFFFF800000800000000000000",
    "WRITE, 4294967289, 8, 8A0000000000FFFFFFF9000000080000",
    "READ, 0, 65536, 88000000000000000000000100000000",
    "FLUSH, 0, 0, 35000000000000000000000000000000",
    "DISCARD, 5, 8, 42000000000000001800000000000000",
  })
  void shouldWriteTheShortestCommandThatHoldsTheRange(
      BlockOperation operation, long lba, int blocks, String expected) {
    byte[] cdb = new byte[16];
    Cdb.writeBlockCommand(MemorySegment.ofArray(cdb), 0, operation, lba, blocks);
    assertThat(HexFormat.of().withUpperCase().formatHex(cdb)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "700006000000000A0000000029000000, RESEND, IO_ERROR, unit attention",
    "72060000, RESEND, IO_ERROR, unit attention",
    "700002000000000A0000000004010000, RESEND_LATER, RETRY, not ready",
    "700005000000000A0000000020000000, COMPLETE, NOT_SUPPORTED, illegal request",
    "700005000000000A0000000021000000, COMPLETE, INVALID, illegal request",
    "700003000000000A0000000011000000, COMPLETE, IO_ERROR, medium error",
    "700007000000000A0000000027000000, COMPLETE, IO_ERROR, write protected",
    "70000B000000000A0000000000000000, RESEND, IO_ERROR, aborted command",
    "700001000000000A0000000000000000, COMPLETE, OK, ''",
    "F0, COMPLETE, IO_ERROR, without sense data",
  })
  void shouldJudgeSenseData(String hex, Verdict.Action action, BlockStatus status, String words) {
    byte[] sense = HexFormat.of().parseHex(hex);
    MemorySegment rsp = MemorySegment.ofArray(new byte[SrpRsp.LENGTH + sense.length]);
    SrpRsp.init(rsp, 0, 1);
    SrpRsp.status(rsp, 0, Verdict.CHECK_CONDITION);
    SrpRsp.flags(rsp, 0, SrpRsp.SENSE_VALID);
    SrpRsp.senseLength(rsp, 0, sense.length);
    rsp.asSlice(SrpRsp.LENGTH).copyFrom(MemorySegment.ofArray(sense));
    Verdict verdict = new Verdict();
    verdict.read(rsp, 0);
    assertThat(verdict.action()).isEqualTo(action);
    assertThat(verdict.status()).isEqualTo(status);
    assertThat(verdict.words()).contains(words);
  }

  @ParameterizedTest
  @CsvSource({
    "0, COMPLETE, OK",
    "8, RESEND_LATER, RETRY",
    "40, RESEND_LATER, RETRY",
    "64, RESEND, IO_ERROR",
    "24, COMPLETE, IO_ERROR",
    "4, COMPLETE, IO_ERROR",
  })
  void shouldJudgeStatus(int scsi, Verdict.Action action, BlockStatus status) {
    MemorySegment rsp = MemorySegment.ofArray(new byte[SrpRsp.LENGTH]);
    SrpRsp.init(rsp, 0, 1);
    SrpRsp.status(rsp, 0, scsi);
    Verdict verdict = new Verdict();
    verdict.read(rsp, 0);
    assertThat(verdict.action()).isEqualTo(action);
    assertThat(verdict.status()).isEqualTo(status);
  }

  @Test
  void shouldNotTakeAResidualForSuccess() {
    MemorySegment rsp = MemorySegment.ofArray(new byte[SrpRsp.LENGTH]);
    SrpRsp.init(rsp, 0, 1);
    SrpRsp.flags(rsp, 0, SrpRsp.IN_UNDERFLOW);
    SrpRsp.inResidual(rsp, 0, 512);
    Verdict verdict = new Verdict();
    verdict.read(rsp, 0);
    assertThat(verdict.status()).isEqualTo(BlockStatus.IO_ERROR);
    assertThat(verdict.words()).contains("512 in");
  }
}
