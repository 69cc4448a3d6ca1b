// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal.scsi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands as an initiator sends them, and what must come back (SPC-4, SBC-3). */
class LogicalUnitsTest {
  private static final int BLOCK = 512;
  private static final long BLOCKS = 4096;
  private static final long LUN_0 = 0;
  private static final long LUN_1 = 1L << 48;

  private final ScsiTask task = new ScsiTask();
  private final LogicalUnits units =
      new LogicalUnits(
          List.of(
              new LogicalUnit(0, "SERIAL0", BLOCK, 1 << 20, new RamBacking(BLOCKS * BLOCK)),
              new LogicalUnit(300, "SERIAL300", BLOCK, 1 << 20, new RamBacking(BLOCKS * BLOCK))));

  private void execute(long lun, String cdb) {
    task.begin();
    byte[] bytes = HexFormat.of().parseHex(cdb.replace(" ", ""));
    java.util.Arrays.fill(task.cdb(), (byte) 0);
    System.arraycopy(bytes, 0, task.cdb(), 0, bytes.length);
    units.decode(lun, task);
  }

  private byte[] reply() {
    assertThat(task.kind()).isEqualTo(ScsiTask.Kind.REPLY);
    byte[] bytes = new byte[task.reply().remaining()];
    task.reply().duplicate().get(bytes);
    return bytes;
  }

  private void assertSense(Sense expected) {
    assertThat(task.kind()).isEqualTo(ScsiTask.Kind.STATUS);
    assertThat(task.status()).isEqualTo(ScsiStatus.CHECK_CONDITION);
    assertThat(task.sense()).isEqualTo(expected);
  }

  @Test
  void shouldDescribeItselfAsADirectAccessDevice() {
    execute(LUN_0, "12 00 00 00 60 00");
    byte[] data = reply();
    assertThat(data).hasSize(96);
    assertThat(data[0]).isZero();
    assertThat(data[4]).isEqualTo((byte) (96 - 5));
    assertThat(new String(data, 8, 28, StandardCharsets.US_ASCII)).startsWith("OPENHCA SRP DISK");
  }

  @Test
  void shouldCutAnAnswerToTheAllocationLength() {
    execute(LUN_0, "12 00 00 00 05 00");
    assertThat(reply()).hasSize(5);
  }

  @ParameterizedTest
  @ValueSource(strings = {"00", "80", "83", "b0", "b1", "b2"})
  void shouldGiveEachVitalProductDataPageThatItLists(String page) {
    execute(LUN_0, "12 01 " + page + " 00 ff 00");
    byte[] data = reply();
    assertThat(data[1]).isEqualTo((byte) Integer.parseInt(page, 16));
    assertThat(ByteBuffer.wrap(data).getShort(2)).isEqualTo((short) (data.length - 4));
    execute(LUN_0, "12 01 00 00 ff 00");
    assertThat(reply()).contains((byte) Integer.parseInt(page, 16));
  }

  @Test
  void shouldRefuseAVitalPageThatItLacks() {
    execute(LUN_0, "12 01 c9 00 ff 00");
    assertSense(Sense.INVALID_FIELD);
  }

  @Test
  void shouldAnswerInquiryOfAnAbsentUnitWithItsQualifier() {
    execute(LUN_1, "12 00 00 00 60 00");
    assertThat(reply()[0]).isEqualTo((byte) 0x7F);
  }

  @Test
  void shouldRefuseOtherCommandsToAnAbsentUnit() {
    execute(LUN_1, "00 00 00 00 00 00");
    assertSense(Sense.LUN_NOT_SUPPORTED);
  }

  @Test
  void shouldReportLunsInTheAddressingTheirNumberNeeds() {
    execute(LUN_1, "a0 00 00 00 00 00 00 00 01 00 00 00");
    ByteBuffer data = ByteBuffer.wrap(reply());
    assertThat(data.getInt(0)).isEqualTo(16);
    assertThat(data.getLong(8)).isZero();
    assertThat(data.getLong(16)).isEqualTo(0x412C_0000_0000_0000L);
    assertThat(units.find(0x412C_0000_0000_0000L)).isNotNull();
  }

  @Test
  void shouldTellItsCapacityBothWays() {
    execute(LUN_0, "25 00 00 00 00 00 00 00 00 00");
    assertThat(ByteBuffer.wrap(reply()).getInt(0)).isEqualTo((int) BLOCKS - 1);
    execute(LUN_0, "9e 10 00 00 00 00 00 00 00 00 00 00 00 20 00 00");
    ByteBuffer sixteen = ByteBuffer.wrap(reply());
    assertThat(sixteen.remaining()).isEqualTo(32);
    assertThat(sixteen.getLong(0)).isEqualTo(BLOCKS - 1);
    assertThat(sixteen.getInt(8)).isEqualTo(BLOCK);
  }

  @ParameterizedTest
  @CsvSource({
    "28 00 00 00 00 10 00 00 08 00, READ_BLOCKS",
    "2a 00 00 00 00 10 00 00 08 00, WRITE_BLOCKS",
    "a8 00 00 00 00 10 00 00 00 08 00 00, READ_BLOCKS",
    "aa 00 00 00 00 10 00 00 00 08 00 00, WRITE_BLOCKS",
    "88 00 00 00 00 00 00 00 00 10 00 00 00 08 00 00, READ_BLOCKS",
    "8a 00 00 00 00 00 00 00 00 10 00 00 00 08 00 00, WRITE_BLOCKS",
    "08 00 00 10 08 00, READ_BLOCKS",
    "0a 00 00 10 08 00, WRITE_BLOCKS",
  })
  void shouldPlaceTransfersOfEveryCdbSize(String cdb, ScsiTask.Kind kind) {
    execute(LUN_0, cdb);
    assertThat(task.kind()).isEqualTo(kind);
    assertThat(task.position()).isEqualTo(16L * BLOCK);
    assertThat(task.lengthBytes()).isEqualTo(8L * BLOCK);
    assertThat(task.forceUnitAccess()).isFalse();
  }

  @Test
  void shouldHonourForceUnitAccess() {
    execute(LUN_0, "2a 08 00 00 00 10 00 00 08 00");
    assertThat(task.forceUnitAccess()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "28 00 00 00 0f ff 00 00 02 00", // one block beyond the end
        "28 00 ff ff ff ff 00 00 01 00",
        "88 00 ff ff ff ff ff ff ff ff 00 00 00 01 00 00", // would wrap
        "88 00 7f ff ff ff ff ff ff ff 00 00 00 01 00 00",
        "35 00 00 00 10 00 00 00 01 00",
      })
  void shouldRefuseBlocksBeyondTheEnd(String cdb) {
    execute(LUN_0, cdb);
    assertSense(Sense.LBA_OUT_OF_RANGE);
  }

  @Test
  void shouldRefuseATransferAboveItsMaximum() {
    execute(LUN_0, "28 00 00 00 00 00 00 08 01 00");
    assertSense(Sense.INVALID_FIELD);
  }

  @Test
  void shouldDoNothingForATransferOfNoBlocks() {
    execute(LUN_0, "28 00 00 00 00 10 00 00 00 00");
    assertThat(task.kind()).isEqualTo(ScsiTask.Kind.STATUS);
    assertThat(task.status()).isEqualTo(ScsiStatus.GOOD);
  }

  @ParameterizedTest
  @CsvSource({"1a 00 3f 00 ff 00, 4", "5a 00 3f 00 00 00 00 00 ff 00, 8"})
  void shouldSenseModesWithAWriteCacheThatSyncEmpties(String cdb, int header) {
    execute(LUN_0, cdb);
    byte[] data = reply();
    int page = header + 8;
    assertThat(data[page]).isEqualTo((byte) 0x08);
    assertThat(data[page + 2] & 0x04).isEqualTo(0x04);
    execute(LUN_0, "35 00 00 00 00 00 00 00 00 00");
    assertThat(task.kind()).isEqualTo(ScsiTask.Kind.FLUSH);
  }

  @Test
  void shouldRefuseSavedModePages() {
    execute(LUN_0, "1a 00 c8 00 ff 00");
    assertSense(Sense.SAVING_NOT_SUPPORTED);
  }

  @ParameterizedTest
  @ValueSource(strings = {"93", "42", "3b", "ff", "5e", "c0"})
  void shouldRefuseWhatItDoesNotKnow(String opcode) {
    execute(LUN_0, opcode + "00 00 00 00 00 00 00 00 00");
    assertSense(Sense.INVALID_OPCODE);
  }

  @Test
  void shouldWriteFixedFormatSense() {
    byte[] sense = new byte[Sense.FIXED_BYTES];
    Sense.LBA_OUT_OF_RANGE.write(sense, 0);
    assertThat(sense[0]).isEqualTo((byte) 0x70);
    assertThat(sense[2]).isEqualTo((byte) 0x05);
    assertThat(sense[7]).isEqualTo((byte) 10);
    assertThat(sense[12]).isEqualTo((byte) 0x21);
  }
}
