// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal.scsi;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** A logical unit in a file. The file is locked, so that two targets never serve it at once. */
public final class FileBacking implements Backing {
  private final Path path;
  private final FileChannel channel;
  private final long sizeBytes;

  private FileBacking(Path path, FileChannel channel, long sizeBytes) {
    this.path = path;
    this.channel = channel;
    this.sizeBytes = sizeBytes;
  }

  /**
   * Opens or makes the file.
   *
   * @param path the file
   * @param createBytes size to make it with if it does not exist; 0 to refuse then
   * @param blockSize block size
   * @return the backing
   * @throws IOException naming the file and the remedy
   */
  public static FileBacking open(Path path, long createBytes, int blockSize) throws IOException {
    boolean exists = Files.exists(path);
    if (!exists && createBytes <= 0) {
      throw new IOException(
          "backing file "
              + path
              + " does not exist; create it, or give a size to have it made (file:PATH,SIZE)");
    }
    if (exists && !Files.isRegularFile(path)) {
      throw new IOException("backing file " + path + " is not a regular file; give another path");
    }
    Path parent = path.toAbsolutePath().getParent();
    if (!exists && parent != null) {
      Files.createDirectories(parent);
    }
    FileChannel channel =
        FileChannel.open(
            path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
    try {
      lock(path, channel);
      if (!exists) {
        channel.write(ByteBuffer.allocate(1), createBytes / blockSize * blockSize - 1);
      }
      long size = channel.size();
      if (size < blockSize || size % blockSize != 0) {
        throw new IOException(
            "backing file " + path + " has " + size + " bytes; make it a multiple of " + blockSize);
      }
      return new FileBacking(path, channel, size);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static void lock(Path path, FileChannel channel) throws IOException {
    @Nullable FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      throw new IOException(
          "backing file " + path + " is served by another target of this host; give each its own",
          e);
    }
    if (lock == null) {
      throw new IOException(
          "backing file " + path + " is locked by another process; stop that or give another file");
    }
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public String description() {
    return "file " + path;
  }

  @Override
  public void read(long position, MemorySegment into, long offset, long lengthBytes)
      throws IOException {
    ByteBuffer buffer = into.asSlice(offset, lengthBytes).asByteBuffer();
    long at = position;
    while (buffer.hasRemaining()) {
      int n = channel.read(buffer, at);
      if (n < 0) {
        throw new IOException(
            "backing file "
                + path
                + " ends at "
                + at
                + " before its "
                + sizeBytes
                + " bytes; was it cut?");
      }
      at += n;
    }
  }

  @Override
  public void write(long position, MemorySegment from, long offset, long lengthBytes)
      throws IOException {
    ByteBuffer buffer = from.asSlice(offset, lengthBytes).asByteBuffer();
    long at = position;
    while (buffer.hasRemaining()) {
      at += channel.write(buffer, at);
    }
  }

  @Override
  public boolean isDurable() {
    return true;
  }

  @Override
  public void flush() throws IOException {
    channel.force(false);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
