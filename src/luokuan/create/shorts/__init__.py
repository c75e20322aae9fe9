"""An animated short from a storyboard: scenes of backgrounds and characters, with speech, music and sounds."""
