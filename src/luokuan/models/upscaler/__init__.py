"""A small GAN upscaler: pictures twice as large, a learnt residual on top of bicubic interpolation."""
