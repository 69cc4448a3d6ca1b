// SPDX-License-Identifier: Apache-2.0
package ib.dma;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A device that does DMA, as the DMA API sees it.
 *
 * <p>Drivers register one as a service under the key {@link #DEVICE}. {@code ib.core} makes
 * <em>views</em> of it with {@link #forOwner(String)}, one for each bundle that uses the device;
 * each has its own ops slot, so that ops keep their books by owner without looking anything up.
 * Thread-safe; everything but the slot is immutable.
 */
public class IbDevice {
  /** Service property: name of the device, e.g. {@code mthca0}; joins device and ops. */
  public static final String DEVICE = "ib.device";

  private final String name;
  private final long nodeGuid;
  private final long dmaMask;
  private final int maxSegmentSizeBytes;
  private final long segmentBoundaryMask;
  private final String owner;
  private final @Nullable IbDevice parent;
  private volatile @Nullable Object opsData;

  /**
   * Creates a device.
   *
   * @param name name of the device, the value of {@link #DEVICE}
   * @param nodeGuid EUI-64 of the node
   * @param dmaMask addresses the device can emit: a contiguous mask of low bits, e.g. {@code
   *     0xFFFF_FFFFL}; -1 for 64 bits
   * @param maxSegmentSizeBytes longest scatter-gather entry, at least 4096
   * @param segmentBoundaryMask an entry never crosses a multiple of this + 1; -1 for no boundary
   * @param owner who uses this object: for the root the driver's bundle
   */
  public IbDevice(
      String name,
      long nodeGuid,
      long dmaMask,
      int maxSegmentSizeBytes,
      long segmentBoundaryMask,
      String owner) {
    this(name, nodeGuid, dmaMask, maxSegmentSizeBytes, segmentBoundaryMask, owner, null);
    if (name.isBlank()) {
      throw new IllegalArgumentException("a device needs a name; set " + DEVICE);
    }
    if ((dmaMask & (dmaMask + 1)) != 0 || dmaMask == 0) {
      throw new IllegalArgumentException(
          "DMA mask 0x"
              + Long.toHexString(dmaMask)
              + " of "
              + name
              + "; give contiguous low bits, e.g. 0xffffffff");
    }
    if (maxSegmentSizeBytes < DmaMemoryPool.PAGE_SIZE) {
      throw new IllegalArgumentException(
          "maximum segment size " + maxSegmentSizeBytes + " of " + name + "; give 4096 or more");
    }
  }

  private IbDevice(
      String name,
      long nodeGuid,
      long dmaMask,
      int maxSegmentSizeBytes,
      long segmentBoundaryMask,
      String owner,
      @Nullable IbDevice parent) {
    this.name = Objects.requireNonNull(name);
    this.nodeGuid = nodeGuid;
    this.dmaMask = dmaMask;
    this.maxSegmentSizeBytes = maxSegmentSizeBytes;
    this.segmentBoundaryMask = segmentBoundaryMask;
    this.owner = Objects.requireNonNull(owner);
    this.parent = parent;
  }

  /**
   * A view of this device for one user; made by core, which attaches it to the ops ({@link
   * IbDmaOps#attach}) before handing it out.
   *
   * @param user name of the bundle that will map through it
   * @return a device with the same identity, its own slot, and the root as its parent
   */
  public final IbDevice forOwner(String user) {
    return new IbDevice(
        name,
        nodeGuid,
        dmaMask,
        maxSegmentSizeBytes,
        segmentBoundaryMask,
        user,
        parent == null ? this : parent);
  }

  /**
   * Name, the value of the property {@link #DEVICE}.
   *
   * @return e.g. {@code mthca0}
   */
  public final String name() {
    return name;
  }

  /**
   * EUI-64 of the node.
   *
   * @return node GUID
   */
  public final long nodeGuid() {
    return nodeGuid;
  }

  /**
   * DMA mask: a DMA address a of this device has {@code (a & mask) == a}.
   *
   * @return contiguous low bits
   */
  public final long dmaMask() {
    return dmaMask;
  }

  /**
   * Longest mapped scatter-gather entry.
   *
   * @return bytes
   */
  public final int maxSegmentSizeBytes() {
    return maxSegmentSizeBytes;
  }

  /**
   * Boundary that no scatter-gather entry crosses, as a mask.
   *
   * @return boundary - 1, or -1
   */
  public final long segmentBoundaryMask() {
    return segmentBoundaryMask;
  }

  /**
   * Who maps through this object.
   *
   * @return symbolic name of a bundle
   */
  public final String owner() {
    return owner;
  }

  /**
   * The device this is a view of.
   *
   * @return null for the root
   */
  public final @Nullable IbDevice parent() {
    return parent;
  }

  /**
   * The slot for the ops' own data.
   *
   * @return what the ops stored at attach
   */
  public final @Nullable Object opsData() {
    return opsData;
  }

  /**
   * Sets the slot; only for the ops to which the device is attached.
   *
   * @param data the ops' data, null at detach
   */
  public final void setOpsData(@Nullable Object data) {
    opsData = data;
  }

  @Override
  public String toString() {
    return parent == null ? name : name + "(" + owner + ")";
  }
}
